import { readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { isPostgres, processState, workingFolderOf } from "./process-identity.ts";

/** What a PostgreSQL server writes about itself into `postmaster.pid` in its data folder. */
export interface PostmasterFile {
  readonly pid: number;
  readonly port: number;
  readonly socketDir: string;
  readonly status: "starting" | "ready" | "stopping";
}

/** Reads `postmaster.pid`; undefined when there is none or it is not fully written yet. */
export function readPostmasterFile(dataDir: string): PostmasterFile | undefined {
  let text: string;
  try {
    text = readFileSync(join(dataDir, "postmaster.pid"), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  // Lines: pid, data folder, start time, port, socket folder, address, shared memory key, status.
  const lines = text.split("\n").map((line) => line.trim());
  const pid = Math.abs(Number(lines[0]));
  if (!Number.isInteger(pid) || pid === 0) return undefined;
  const status = lines[7] === "ready" || lines[7] === "stopping" ? lines[7] : "starting";
  return { pid, port: Number(lines[3] ?? 0), socketDir: lines[4] ?? "", status };
}

/** Whether `pid` is a running server of this data folder, and not a zombie or a stranger who got the same number. */
export function servesDataDir(pid: number, dataDir: string): boolean {
  if (processState(pid) !== "alive" || !isPostgres(pid)) return false;
  return process.platform !== "linux" || workingFolderOf(pid) === realpathSync(dataDir);
}
