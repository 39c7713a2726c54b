import { loadavg } from "node:os";

/** One measured thing. `min` is the best guess at a quiet machine, `median` what was seen, `p99` the bad end. */
export interface Figure {
  readonly repeats: number;
  readonly min: number;
  readonly median: number;
  readonly p95: number;
  readonly p99: number;
}

export const round = (value: number): number => Math.round(value * 100) / 100;

export function figure(values: readonly number[]): Figure {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => round(sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN);
  return { repeats: sorted.length, min: at(0), median: at(0.5), p95: at(0.95), p99: at(0.99) };
}

export async function timed(act: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await act();
  return performance.now() - start;
}

/** Runs `act` so many times, one after another. */
export async function repeat<T>(times: number, act: (turn: number) => Promise<T>): Promise<readonly T[]> {
  const results: T[] = [];
  for (let turn = 0; turn < times; turn += 1) results.push(await act(turn));
  return results;
}

/** Prints the one document of a bench. How busy the machine was stands in it: figures of a busy one compare with nothing. */
export function print(bench: string, started: number, figures: object): void {
  const about = {
    bench,
    node: process.version,
    load: loadavg().map(round),
    seconds: round((performance.now() - started) / 1_000),
  };
  process.stdout.write(`${JSON.stringify({ ...about, unit: "ms", figures }, null, 2)}\n`);
}
