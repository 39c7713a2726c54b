import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** A process, told apart from a later one with the same number by its start time. */
export interface ProcessId {
  readonly pid: number;
  readonly startTicks: string;
}

interface Stat extends ProcessId {
  readonly state: string;
  readonly parent: number;
}

/** What the kernel says of a process; null when there is none. */
function statOf(pid: number): Stat | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { pid, state: fields[0] ?? "", parent: Number(fields[1]), startTicks: fields[19] ?? "" };
  } catch {
    return null;
  }
}

function all(): readonly Stat[] {
  return readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? (statOf(Number(name)) ?? []) : []));
}

/** Dead are also those that nobody has waited for yet: they run nothing. */
export function isAlive({ pid, startTicks }: ProcessId): boolean {
  const stat = statOf(pid);
  return stat !== null && stat.startTicks === startTicks && stat.state !== "Z" && stat.state !== "X";
}

/** A process and all below it, whatever session or group they are in. */
export function treeOf(pid: number): readonly ProcessId[] {
  const known = all();
  const tree = known.filter((one) => one.pid === pid);
  for (const member of tree) tree.push(...known.filter((one) => one.parent === member.pid));
  return tree.map(({ pid: id, startTicks }) => ({ pid: id, startTicks }));
}

/** Processes that stand in a folder or name something in it on their command line, other than this one. */
export function processesIn(folder: string): readonly ProcessId[] {
  return all().filter(({ pid, state }) => {
    if (pid === process.pid || state === "Z" || state === "X") return false;
    try {
      const inside = readlinkSync(`/proc/${pid}/cwd`).startsWith(folder);
      return inside || readFileSync(`/proc/${pid}/cmdline`, "latin1").includes(`${folder}/`);
    } catch {
      return false;
    }
  });
}

/** One line per process, for the message of a failed expectation. */
export const describe = (processes: readonly ProcessId[]): readonly string[] =>
  processes.map(({ pid }) => {
    try {
      return `${pid} ${readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ").slice(0, 120)}`;
    } catch {
      return `${pid} gone`;
    }
  });

/** Unix sockets that something listens on below a folder. */
export const unixSocketsIn = (folder: string): readonly string[] =>
  readFileSync("/proc/net/unix", "latin1")
    .split("\n")
    .map((line) => line.split(/\s+/)[7] ?? "")
    .filter((path) => path.startsWith(folder));

/** Kills, and goes on for those that were started meanwhile. */
export function killTree(pid: number): void {
  for (let tree = living(pid); tree.length > 0; tree = living(pid)) for (const one of tree) kill(one);
}

const living = (pid: number): readonly ProcessId[] => treeOf(pid).filter(isAlive);

/** SIGKILL, unless it is gone already. */
export function kill(one: ProcessId): void {
  if (!isAlive(one)) return;
  try {
    process.kill(one.pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** The process of a number, as it is now; null when there is none. */
export function processOf(pid: number): ProcessId | null {
  const stat = statOf(pid);
  return stat && { pid, startTicks: stat.startTicks };
}
