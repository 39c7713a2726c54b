import { existsSync, readdirSync, readFileSync } from "node:fs";

/** Pids of live processes whose command line holds a word. A zombie is dead: its command line is empty. */
export const processesWith = (word: string): readonly number[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && commandLine(name).includes(word))
    .map(Number)
    .filter((pid) => pid !== process.pid);

/** Pids of live processes that go by a name (`exec -a name …`). */
export const processesNamed = (name: string): readonly number[] =>
  processesWith(name).filter((pid) => commandLine(String(pid)).startsWith(name));

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

/** Waits until something holds; fails after ten seconds. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`Waited 10 s for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Makes words that no other process's command line holds. */
let words = 0;
export function uniqueWord(): string {
  words += 1;
  return `airloom-test-${process.pid}-${words}`;
}

export const fileIsThere = (path: string) => (): boolean => existsSync(path);
