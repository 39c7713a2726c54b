/** How a command ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal?: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
  readonly milliseconds: number;
}

/** Longest that a command may take, ms: nothing here has to wait for anything. */
const patienceMs = 10_000;

/** What is wrong with how a command ended, in words; null when nothing is. */
export function judgeEnded({ code, signal, out, err, milliseconds }: Ended): string | null {
  if (signal) return `ended by ${signal}`;
  if (code !== 0 && code !== 1 && code !== 2) return `exit code ${code}`;
  if (milliseconds > patienceMs) return `it took ${Math.round(milliseconds)} ms`;
  const stack = /\n\s+at .+:\d+:\d+|node:internal|node_modules\//.exec(err);
  if (stack) return "a stack in the words for people";
  if (/Something failed inside airloom/.test(err)) return "a fault that nobody foresaw";
  if (/\[object Object\]|\bundefined\b(?!')/.test(err.replaceAll(/["'`][^"'`]*["'`]/g, "")))
    return "a value that has no words";
  if (code === 2 && !/^(error|Usage): /m.test(err)) return "wrong usage without a word";
  if (code === 1 && !/^error: /m.test(err) && out.trim() === "") return "a failure without a word";
  return null;
}
