import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";

/** In the environment of a child and of whatever it starts: `<pid of the supervisor>:<when that started>:<id of the child>`. */
export const childMark = "AIRLOOM_PARSE_CHILD";

export const newMark = (): string => `${process.pid}:${startOf(process.pid)}:${randomUUID()}`;

/**
 * Kills what a child started and what outlived it: in a session of its own it is no longer in the child's process group, but it
 * still has its environment. Linux only.
 */
export const killLeftOf = (mark: string): void => killMarked((found) => found === mark);

/** Kills what the children of supervisors that are gone left behind. */
export const killOrphans = (): void =>
  killMarked((found) => {
    const [pid = "", start = ""] = found.split(":");
    return startOf(Number(pid)) !== start;
  });

/** One that is being killed may start another meanwhile. */
const mostRounds = 5;

function killMarked(isLeft: (mark: string) => boolean): void {
  if (process.platform !== "linux") return;
  for (let round = 0; round < mostRounds; round += 1) {
    const left = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && hasMark(name, isLeft));
    if (left.length === 0) return;
    for (const pid of left) kill(Number(pid));
  }
}

/** A zombie has no environment; another user's is not ours to read. */
function hasMark(pid: string, isLeft: (mark: string) => boolean): boolean {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, "latin1");
    const at = environment.indexOf(`${childMark}=`);
    if (at < 0) return false;
    return isLeft(environment.slice(at + childMark.length + 1, environment.indexOf("\0", at)));
  } catch {
    return false;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself.
  }
}

/** When a process started, in ticks since the machine did: tells it from a later one with its number. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}
