import { readdirSync, readFileSync } from "node:fs";

/** Which part of Airloom a process is. */
export type Part = "control" | "postgres" | "children";

/** Processor time so far, ms, by part. */
export type CpuTimes = Readonly<Record<Part, number>>;

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** All processes below these, with them. */
function processesBelow(roots: readonly number[]): readonly Process[] {
  const all = allProcesses();
  const found = new Map<number, Process>();
  let next = all.filter(({ pid }) => roots.includes(pid));
  while (next.length > 0) {
    for (const one of next) found.set(one.pid, one);
    next = all.filter(({ pid, parent }) => found.has(parent) && !found.has(pid));
  }
  return [...found.values()];
}

function allProcesses(): readonly Process[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    const stat = read(`/proc/${name}/stat`);
    // The name of the program stands in parentheses, and may hold anything.
    const parent = Number(stat.slice(stat.lastIndexOf(")") + 1).split(" ")[2]);
    return stat === ""
      ? []
      : [{ pid: Number(name), parent, command: read(`/proc/${name}/cmdline`).replaceAll("\0", " ") }];
  });
}

/** NaN when it is gone. */
export function parentOf(pid: number): number {
  const stat = read(`/proc/${pid}/stat`);
  // The name of the program stands in parentheses, and may hold anything.
  return Number(stat.slice(stat.lastIndexOf(")") + 1).split(" ")[2] ?? Number.NaN);
}

function partOf({ command }: Process): Part {
  if (command.includes("postgres")) return "postgres";
  return command.includes("cli.mjs") ? "control" : "children";
}

/** By the scheduler's own count in ns: clock ticks of 10 ms are too coarse. Processes that ended meanwhile are not counted. */
export function cpuTimes(roots: readonly number[]): CpuTimes {
  const times = { control: 0, postgres: 0, children: 0 };
  for (const one of processesBelow(roots)) times[partOf(one)] += cpuOf(one.pid);
  return times;
}

function cpuOf(pid: number): number {
  const threads = list(`/proc/${pid}/task`);
  return threads.reduce(
    (sum, id) => sum + Number(read(`/proc/${pid}/task/${id}/schedstat`).split(" ")[0] ?? 0) / 1e6,
    0,
  );
}

const list = (dir: string): readonly string[] => {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
};

/** Empty when the process is gone. */
function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
