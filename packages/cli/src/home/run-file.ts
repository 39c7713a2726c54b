import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { type ProcessIdentity, stillRuns } from "@airloom/db/process-identity";
import type { Home } from "./home.ts";

/** Where a running API server of this home is found by the command line. */
export interface RunFile extends ProcessIdentity {
  readonly url: string;
  /** `standalone` or `api-server`. */
  readonly command: string;
}

const name = "server.json";

export function writeRunFile(home: Home, content: RunFile): void {
  const draft = home.path("run", `${name}.${process.pid}`);
  writeFileSync(draft, JSON.stringify(content), { mode: 0o600 });
  renameSync(draft, home.path("run", name));
}

/** Null when nothing runs: a file that a killed process left is not believed. */
export function readRunFile(home: Home): RunFile | null {
  try {
    const content = JSON.parse(readFileSync(home.path("run", name), "utf8")) as RunFile;
    return stillRuns(content) ? content : null;
  } catch {
    return null;
  }
}

export const removeRunFile = (home: Home): void => rmSync(home.path("run", name), { force: true });
