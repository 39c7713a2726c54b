import { readdirSync, readFileSync } from "node:fs";

/** Which part of Airloom a process is. */
export type Part = "control" | "postgres" | "children";

/** Processor time, ms, by part. */
export type CpuTimes = Readonly<Record<Part, number>>;

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** All processes below these, with them. */
export function processesBelow(roots: readonly number[]): readonly Process[] {
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

/**
 * Starts to count processor time, by the scheduler's own count in ns: clock ticks of 10 ms are too coarse.
 * @returns a function that tells the time since; of a process that ended meanwhile nothing is known any more.
 */
export function watchCpu(roots: readonly number[]): () => CpuTimes {
  const before = new Map(processesBelow(roots).map(({ pid }) => [pid, cpuOf(pid)]));
  return () => {
    const times = { control: 0, postgres: 0, children: 0 };
    for (const one of processesBelow(roots))
      times[partOf(one)] += Math.max(0, cpuOf(one.pid) - (before.get(one.pid) ?? 0));
    return times;
  };
}

function cpuOf(pid: number): number {
  const threads = list(`/proc/${pid}/task`);
  return threads.reduce(
    (sum, id) => sum + Number(read(`/proc/${pid}/task/${id}/schedstat`).split(" ")[0] ?? 0) / 1e6,
    0,
  );
}

/** Proportional memory, MiB, by part: what is shared counts once. */
export function pssOf(roots: readonly number[]): Readonly<Record<Part, number>> {
  const sizes = { control: 0, postgres: 0, children: 0 };
  for (const one of processesBelow(roots)) {
    const kib = /^Pss:\s+(\d+) kB/m.exec(read(`/proc/${one.pid}/smaps_rollup`))?.[1];
    sizes[partOf(one)] += Number(kib ?? 0) / 1_024;
  }
  return sizes;
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
