import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../support/built-airloom.ts";
import type { FuzzRequest } from "./http/fuzz-request.ts";

/** A request that once was answered wrongly, and what it is answered now. */
export interface FuzzCase {
  readonly title: string;
  /** How it was found: part, seed. */
  readonly found: string;
  readonly request: FuzzRequest;
  readonly status: number;
}

/** All of `tests/fuzz/cases`, a file per finding. */
export function readCases(): readonly FuzzCase[] {
  const folder = join(root, "tests/fuzz/cases");
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as FuzzCase);
}
