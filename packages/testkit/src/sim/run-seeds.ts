import { addCounts, type Counts, noCounts } from "./counters.ts";
import { runSeed, type SeedResult } from "./run-seed.ts";

export interface SeedRange {
  readonly from: number;
  readonly seeds: number;
  /** Every so many of them: for several processes that share a range. @default 1 */
  readonly stride?: number;
  readonly without?: readonly string[];
  readonly untilFailure?: boolean;
  /** No further seed is begun after so long. @default no end */
  readonly seconds?: number;
  /** Told of each failure when it is found. */
  readonly onFailure?: (failure: Failure) => void;
  /** Told now and then which seed has just run. */
  readonly onProgress?: (seed: number) => void;
}

export interface Failure {
  readonly seed: number;
  readonly invariant: number | null;
  readonly words: string;
}

export interface BatchResult {
  readonly seeds: number;
  readonly steps: number;
  readonly virtualMs: number;
  readonly executions: number;
  /** Seeds that ran a second time, to compare. */
  readonly repeated: number;
  readonly counts: Counts;
  readonly failures: readonly Failure[];
}

/** Each so manieth seed runs twice, and must have the same trace both times. */
const repeatEvery = 50;
const mostFailures = 20;
const tellEvery = 500;

/** Runs a range of seeds in this process, one after another. */
export async function runSeeds(range: SeedRange): Promise<BatchResult> {
  const { from, seeds, stride = 1, without = [], untilFailure = false } = range;
  const { seconds = Number.POSITIVE_INFINITY, onFailure = () => undefined, onProgress = () => undefined } = range;
  const until = performance.now() + seconds * 1_000;
  const counts = noCounts();
  const failures: Failure[] = [];
  const sum = { seeds: 0, steps: 0, virtualMs: 0, executions: 0, repeated: 0 };
  for (let seed = from; seed < from + seeds && performance.now() < until; seed += stride) {
    const result = await runSeed(seed, { without });
    sum.seeds += 1;
    if (sum.seeds % tellEvery === 0) onProgress(seed);
    sum.steps += result.steps;
    sum.virtualMs += result.virtualMs;
    sum.executions += result.executions;
    addCounts(counts, result.counts);
    let words = result.failure;
    if (seed % repeatEvery === 0) {
      sum.repeated += 1;
      words ??= differenceOf(result, await runSeed(seed, { without }));
    }
    if (words === null) continue;
    const failure = { seed, invariant: result.invariant, words };
    failures.push(failure);
    onFailure(failure);
    if (untilFailure || failures.length >= mostFailures) break;
  }
  return { ...sum, counts, failures };
}

const differenceOf = (first: SeedResult, second: SeedResult): string | null =>
  first.hash === second.hash
    ? null
    : `it ran differently the second time: trace ${first.hash} of ${first.steps} steps, then ${second.hash} of ${second.steps}`;

export function addBatches(batches: readonly BatchResult[]): BatchResult {
  const counts = noCounts();
  for (const batch of batches) addCounts(counts, batch.counts);
  const sum = (of: (batch: BatchResult) => number): number => batches.reduce((total, batch) => total + of(batch), 0);
  return {
    seeds: sum(({ seeds }) => seeds),
    steps: sum(({ steps }) => steps),
    virtualMs: sum(({ virtualMs }) => virtualMs),
    executions: sum(({ executions }) => executions),
    repeated: sum(({ repeated }) => repeated),
    counts,
    failures: batches.flatMap(({ failures }) => failures).sort((a, b) => a.seed - b.seed),
  };
}
