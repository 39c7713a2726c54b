import { closeSync, openSync, readdirSync, readSync } from "node:fs";
import { markers } from "../protocol/messages.ts";
import { startTicksOf } from "./process-identity.ts";

const mostRounds = 5;

/**
 * Kills what a child's attempts left running, wherever it went: a process may leave its group and session, but not its
 * environment. Looks again until nothing is found, for a process may start another while it is being killed. Linux only.
 * @returns how many were killed.
 */
export function sweepChild(childId: string, ownPid: number | undefined): number {
  const mark = `${markers.child}=${childId}`;
  return sweep((entries, pid) => pid !== ownPid && entries.includes(mark));
}

/** Kills what supervisors that are gone left running. Their children die with them; what those started may not. */
export function sweepOrphans(): number {
  return sweep((entries) => {
    const mark = entries.find((entry) => entry.startsWith(`${markers.supervisor}=`));
    if (mark === undefined) return false;
    const [pid = "", startTicks = ""] = mark.slice(markers.supervisor.length + 1).split(":");
    return startTicksOf(Number(pid)) !== startTicks;
  });
}

function sweep(isLeft: (environment: readonly string[], pid: number) => boolean): number {
  if (process.platform !== "linux") return 0;
  let killed = 0;
  for (let round = 0; round < mostRounds; round += 1) {
    const left = marked().filter(({ pid, environment }) => isLeft(environment, pid));
    if (left.length === 0) break;
    for (const { pid } of left) if (kill(pid)) killed += 1;
  }
  return killed;
}

/** Processes with a mark of ours. A zombie has no environment; another user's is not ours to read. */
function marked(): readonly { readonly pid: number; readonly environment: readonly string[] }[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const bytes = environmentOf(name);
      if (!bytes.includes(`${markers.supervisor}=`)) return [];
      return [{ pid: Number(name), environment: bytes.toString("latin1").split("\0") }];
    } catch {
      return [];
    }
  });
}

/** One for all: to read a file of unknown size Node makes a new one of 64 KiB each time, and to collect hundreds takes longer than to read. */
let shared = Buffer.allocUnsafeSlow(128 * 1024);

/** The bytes are good until the next call. */
function environmentOf(pid: string): Buffer {
  const file = openSync(`/proc/${pid}/environ`, "r");
  try {
    for (let length = 0; ; ) {
      const read = readSync(file, shared, length, shared.length - length, length);
      length += read;
      if (read === 0) return shared.subarray(0, length);
      if (length === shared.length) shared = Buffer.concat([shared, Buffer.alloc(shared.length)]);
    }
  } finally {
    closeSync(file);
  }
}

function kill(pid: number): boolean {
  try {
    return process.kill(pid, "SIGKILL");
  } catch {
    return false;
  }
}
