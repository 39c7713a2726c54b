import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as db from "@airloom/db";
import { runSql, urlOf } from "./run-sql.ts";

/** The database every clone is copied from. */
export const templateName = "airloom_template";

/** A PostgreSQL server that lives as long as a test run. */
export interface TestServer {
  /** URL of the server's maintenance database; `urlOf` makes the others'. */
  readonly url: string;
  readonly pid: number;
  /** Stops the server and deletes its data. */
  stop(): Promise<void>;
}

/**
 * Starts a throw-away server with a migrated template database. Its data does not survive a crash, and it goes away
 * with this process however that ends.
 */
export async function startTestServer(): Promise<TestServer> {
  const home = mkdtempSync(join(tmpdir(), "airloom-test-"));
  const server = await db.startEmbedded({ home, durable: false, settings: { max_connections: "200" } });
  const guard = guardServer(server.pid, home);
  const url = urlOf(server.url, "postgres");
  await makeTemplate(url);
  const stop = async (): Promise<void> => {
    await server.stop("immediate");
    rmSync(home, { recursive: true, force: true });
    guard.release();
  };
  return { url, pid: server.pid, stop };
}

async function makeTemplate(url: string): Promise<void> {
  await runSql(url, `create database ${templateName}`);
  const { migrate } = db as { readonly migrate?: (url: string) => Promise<unknown> };
  await migrate?.(urlOf(url, templateName));
}

/** Ends the server and deletes its data when it reads nothing but the end of its input: this process died. */
const guardScript = `
read -r word && exit 0
kill -QUIT "$1" 2>/dev/null
tries=0
while kill -0 "$1" 2>/dev/null && [ "$tries" -lt 50 ]; do sleep 0.1; tries=$((tries + 1)); done
rm -rf "$2"
`;

/** A test run is often killed, by Ctrl-C or worse; a shell at the other end of a pipe notices and cleans up. */
function guardServer(pid: number, home: string): { release(): void } {
  const args = ["-c", guardScript, "sh", String(pid), home];
  const guard = spawn("/bin/sh", args, { detached: true, cwd: "/", stdio: ["pipe", "ignore", "ignore"] });
  guard.unref();
  (guard.stdin as Socket).unref();
  return { release: () => guard.stdin.end("done\n") };
}
