import { readdirSync, readFileSync } from "node:fs";

/** Whether a process runs: neither gone nor a zombie, which only waits for a parent that may never come. */
export function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(")") + 2));
  } catch {
    return false;
  }
}

/** Resolves when none of them runs. Rejects after `ms`. */
export async function untilDead(pids: readonly number[], ms: number): Promise<void> {
  const end = performance.now() + ms;
  while (pids.some(isAlive)) {
    if (performance.now() > end) throw new Error(`still alive after ${ms} ms: ${pids.filter(isAlive)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Processes whose environment holds the text. */
export function processesWith(text: string): readonly number[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      return readFileSync(`/proc/${name}/environ`, "latin1").includes(text) && isAlive(Number(name))
        ? [Number(name)]
        : [];
    } catch {
      return [];
    }
  });
}
