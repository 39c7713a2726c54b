import { spawnSync } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";

/** A zombie runs nothing and holds nothing; it only waits for its parent, which may never come to collect it. */
export type ProcessState = "alive" | "zombie" | "gone";

/**
 * A process by more than its number: numbers are used again, start times with them are not.
 * `startTime` is opaque (clock ticks since boot on Linux, a date on macOS) and only good for comparing.
 */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startTime: string;
  /** Names this boot of the machine; start times of different boots must not be compared. Empty where it is unknown. */
  readonly bootId: string;
}

interface ProcessRow {
  readonly state: ProcessState;
  readonly startTime: string;
}

/** Whether `pid` runs. `kill(pid, 0)` cannot tell: it also succeeds for zombies. */
export function processState(pid: number): ProcessState {
  return readProcess(pid).state;
}

/** The identity of a running process; undefined when it is gone or a zombie. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  const row = readProcess(pid);
  return row.state === "alive" ? { pid, startTime: row.startTime, bootId: bootId() } : undefined;
}

/** The identity of this process. */
export function ownIdentity(): ProcessIdentity {
  return identityOf(process.pid) ?? { pid: process.pid, startTime: "unknown", bootId: bootId() };
}

/** Whether the process that was noted down still runs: same number, same start, same boot. */
export function stillRuns(noted: ProcessIdentity): boolean {
  const now = identityOf(noted.pid);
  return now !== undefined && now.startTime === noted.startTime && now.bootId === noted.bootId;
}

/** The working folder of a process, or undefined when it cannot be known (gone, another user's, not Linux). */
export function workingFolderOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}

/** Whether a process runs PostgreSQL's server program, going by its name. */
export function isPostgres(pid: number): boolean {
  try {
    const name = process.platform === "linux" ? readFileSync(`/proc/${pid}/comm`, "utf8") : ps(pid, "comm=");
    return name?.includes("postgres") ?? false;
  } catch {
    return false;
  }
}

function readProcess(pid: number): ProcessRow {
  return process.platform === "linux" ? readProcStat(pid) : readPs(pid);
}

function readProcStat(pid: number): ProcessRow {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return { state: "gone", startTime: "" };
  }
  // The command name stands in parentheses and may itself hold parentheses and blanks: count from the last one.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const letter = fields[0] ?? "X";
  const state = letter === "Z" ? "zombie" : letter === "X" || letter === "x" ? "gone" : "alive";
  return { state, startTime: fields[19] ?? "" };
}

function readPs(pid: number): ProcessRow {
  const line = ps(pid, "stat=,lstart=");
  if (line === undefined) return { state: "gone", startTime: "" };
  const [stat = "", ...started] = line.split(/\s+/);
  return { state: stat.startsWith("Z") ? "zombie" : "alive", startTime: started.join("_").replaceAll(":", "") };
}

function ps(pid: number, columns: string): string | undefined {
  const result = spawnSync("ps", ["-o", columns, "-p", String(pid)], { encoding: "utf8" });
  const line = result.stdout?.trim();
  return result.status === 0 && line ? line : undefined;
}

function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return "";
  }
}
