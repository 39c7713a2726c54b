import { setTimeout as pause } from "node:timers/promises";
import type { Run } from "../support/api-of.ts";
import type { Ledger } from "../support/ledger.ts";
import type { Cluster } from "./cluster.ts";
import { type FaultName, faults } from "./faults.ts";
import { seconds } from "./row.ts";
import { explained, runPatienceMs } from "./runs.ts";
import { verify } from "./verify.ts";

/** What became of one run under one fault. Times in seconds, from the fault. */
export interface Trial {
  readonly pace: Pace;
  readonly hit: string;
  /** From the run's trigger to the fault. */
  readonly after: number;
  /** The longest time from then on in which no task began or ended. */
  readonly stall: number;
  /** Until the run ended; null when it did not. */
  readonly end: number | null;
  /** Empty when all is as it must be. */
  readonly problems: readonly string[];
}

export interface TrialParts {
  readonly cluster: Cluster;
  readonly ledger: Ledger;
  readonly chance: () => number;
  /** How long runs take that nothing happens to. Milliseconds. */
  readonly calmMs: Readonly<Record<Pace, number>>;
}

/**
 * `quick`: many short tasks, so that something moves at every moment. `slow`: some of them take longer than a lease.
 * `slowest`: longer than a lease and all that is added to it until the next attempt starts, so that an attempt which outlives its
 * lease is met by that one.
 */
export type Pace = "quick" | "slow" | "slowest";

const slowMs = { quick: 50, slow: 2_200, slowest: 4_500 } as const satisfies Readonly<Record<Pace, number>>;

const start = ({ api }: Cluster, pace: Pace): Promise<Run> =>
  api.trigger("fan_out", { conf: { slowMs: slowMs[pace] } });

const width = 24;
const sumOfSquares = ((width - 1) * width * (2 * width - 1)) / 6;

/** Runs the fan-out untouched, and says how long it took. Milliseconds. */
export async function calmRun(
  { cluster, ledger }: Pick<TrialParts, "cluster" | "ledger">,
  pace: Pace,
): Promise<number> {
  const began = performance.now();
  const run = await start(cluster, pace);
  const state = await cluster.api.ended(run, { within: runPatienceMs });
  const took = performance.now() - began;
  const problems = await verify({ databaseUrl: cluster.databaseUrl, ledger, run, instances: width + 2 });
  if (state !== "success" || problems.length > 0) throw new Error(`an untouched run: ${state} ${problems.join("; ")}`);
  return took;
}

/** What lasts must meet tasks that last longer. */
const needsSlow: ReadonlySet<FaultName> = new Set(["lose-worker", "freeze-worker"]);

/** One run, one fault at a random moment of it, and a look at what came of it. Null when the run was over before it. */
export async function runTrial(name: FaultName, parts: TrialParts): Promise<Trial | null> {
  const { cluster, ledger, chance, calmMs } = parts;
  await cluster.untilWell();
  const pace = needsSlow.has(name) ? "slowest" : chance() < 0.5 ? "slow" : "quick";
  const began = performance.now();
  const run = await start(cluster, pace);
  // The moment is what is tried here: not a wait for anything.
  await pause(chance() * calmMs[pace] * 0.9);
  if ((await cluster.api.run(run.dag_id, run.dag_run_id)).state !== "running") return null;
  const at = await ledger.now();
  const after = performance.now() - began;
  const struck = performance.now();
  const strike = await faults[name]({ cluster, ledger, chance, run: run.dag_run_id });
  if (!strike) return null;
  const { hit, heal } = strike;
  const problems: string[] = [];
  const state = await cluster.api.ended(run, { within: runPatienceMs }).catch((error: unknown) => String(error));
  const end = performance.now() - struck;
  await heal?.();
  if (state !== "success") problems.push(`the run: ${state}`, await explained(parts, run));
  await cluster.untilWell().catch((error: unknown) => problems.push(String(error)));
  problems.push(...(await problemsAfter(parts, run)));
  return {
    pace,
    hit,
    after: seconds(after),
    stall: seconds(await ledger.longestStall(run.dag_run_id, at)),
    end: state === "success" ? seconds(end) : null,
    problems,
  };
}

async function problemsAfter({ cluster, ledger }: TrialParts, run: Run): Promise<readonly string[]> {
  const found: string[] = [];
  try {
    found.push(...(await verify({ databaseUrl: cluster.databaseUrl, ledger, run, instances: width + 2 })));
    const sum = await cluster.api.xcom(run, "collect");
    if (sum !== sumOfSquares) found.push(`the sum is ${JSON.stringify(sum)} instead of ${sumOfSquares}`);
  } catch (error) {
    found.push(`could not be looked at: ${String(error)}`);
  }
  return found;
}
