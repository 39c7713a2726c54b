import { readFileSync } from "node:fs";

/** What names a process beyond its number, which is used again: when it started, and in which boot of the machine. */
export interface ProcessIdentity {
  readonly bootId: string;
  readonly startTicks: string;
}

export function ownIdentity(): ProcessIdentity {
  return { bootId: bootId(), startTicks: startTicksOf(process.pid) ?? `start-${Math.round(performance.timeOrigin)}` };
}

/** Clock ticks from boot to the start of a process; null when it is gone, a zombie, or this is not Linux. */
export function startTicksOf(pid: number): string | null {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === null) return null;
  // The name stands in parentheses and may hold some itself: count from the last one.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" || fields[0] === "X" ? null : (fields[19] ?? null);
}

const bootId = (): string => read("/proc/sys/kernel/random/boot_id")?.trim() ?? "";

function read(file: string): string | null {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return null;
  }
}
