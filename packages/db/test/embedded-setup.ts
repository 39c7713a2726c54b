import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { EmbeddedOptions } from "@airloom/db";
import { builtProgram, guardFolder } from "@airloom/testkit";
import pg from "pg";
import { afterEach, vi } from "vitest";

const cleanups: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A home for one test; it goes away afterwards with whatever still runs in it, also when the run is interrupted. */
export function newHome(name = "home"): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "airloom-embedded-")));
  cleanups.push(guardFolder(folder).end);
  return join(folder, name);
}

/** Runs SQL on a connection of its own. */
export async function ask<Row extends object = Record<string, unknown>>(url: string, sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** The PostgreSQL processes that work in a folder or below it. */
export function serverPids(folder: string): readonly number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && isServerIn(pid, folder));
}

function isServerIn(pid: number, folder: string): boolean {
  try {
    const isPostgres = readFileSync(`/proc/${pid}/comm`, "utf8").startsWith("postgres");
    return isPostgres && readlinkSync(`/proc/${pid}/cwd`).startsWith(folder) && stateOf(pid) !== "Z";
  } catch {
    return false;
  }
}

/** The letter of a process's state, or undefined when there is no such process. */
export function stateOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2)[0];
  } catch {
    return undefined;
  }
}

export function killHard(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Gone already.
  }
}

/** A process of `embedded-program.ts`. */
export interface Program {
  readonly child: ChildProcess;
  /** The next line it prints on standard output, as JSON. */
  line(): Promise<Record<string, unknown>>;
  /** All it printed on standard error so far. */
  said(): string;
  readonly exited: Promise<void>;
}

export async function runProgram(
  mode: "start" | "supervise",
  options: EmbeddedOptions,
  user?: { readonly uid: number; readonly gid: number },
): Promise<Program> {
  const program = await builtProgram(fileURLToPath(new URL("./embedded-program.ts", import.meta.url)));
  const stdio: ["ignore", "pipe", "pipe"] = ["ignore", "pipe", "pipe"];
  const child = spawn(process.execPath, [program, mode, JSON.stringify(options)], { stdio, cwd: "/", ...user });
  cleanups.push(() => {
    child.kill("SIGKILL");
  });
  let said = "";
  child.stderr.on("data", (part: Buffer) => {
    said += part.toString("utf8");
  });
  const exited = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async () => {
    const next = await lines.next();
    if (next.done) throw new Error(`the program ended without a word: ${said}`);
    return JSON.parse(next.value) as Record<string, unknown>;
  };
  return { child, line, said: () => said, exited };
}

/** Waits until a condition holds, looking every few milliseconds. */
export const until = (condition: () => boolean | Promise<boolean>, timeout = 15_000): Promise<void> =>
  vi.waitUntil(condition, { timeout, interval: 10 }).then(() => {});
