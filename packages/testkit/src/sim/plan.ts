import type { RunsSettings } from "@airloom/runs";
import type { WorkerTerms } from "@airloom/wire";
import { type DagPlan, planDags } from "./plan-dags.ts";
import { type Random, randomOf } from "./random.ts";

/** Kinds of trouble, each of which can be left out of a seed: that is how a failing one is made smaller. */
export const troubles = [
  "crashes",
  "broken-connections",
  "unknown-commits",
  "deadlocks",
  "lost-messages",
  "lost-replies",
  "duplicates",
  "delays",
  "partitions",
  "freezes",
  "clock-rates",
  "clock-jumps",
  "lost-hints",
  "users",
  "new-versions",
  "task-failures",
  "stubborn-tasks",
] as const;
export type Trouble = (typeof troubles)[number];

export interface WorkerPlan {
  readonly hostname: string;
  readonly slots: number;
  readonly queues: readonly string[];
  readonly executor: string;
}

/** Chances of what may happen, per occasion; 0 = never. */
export type Rates = Readonly<Record<Trouble, number>>;

/** Everything that is settled before the world begins. All of it follows from the seed and from what is left out. */
export interface Plan {
  readonly seed: number;
  readonly without: readonly string[];
  readonly schedulers: number;
  readonly apis: number;
  readonly workers: readonly WorkerPlan[];
  readonly dags: readonly DagPlan[];
  readonly settings: RunsSettings;
  readonly terms: Omit<WorkerTerms, "released">;
  readonly knobs: Knobs;
  readonly rates: Rates;
  /** Length of the first phase, virtual ms. */
  readonly troubledMs: number;
}

export interface Knobs {
  readonly pollMs: number;
  readonly rescueMs: number;
  readonly parallelism: number;
  readonly poolSlots: number;
  /** How many of the statements take time: the others follow at once. */
  readonly pace: number;
  readonly statementMs: number;
  readonly messageMs: number;
  readonly timeoutMs: number;
  readonly claimWaitMs: number;
  readonly abortGraceMs: number;
  readonly drainMs: number;
  readonly spoolAfterMs: number;
  readonly restartMs: number;
  /** How long the children of a dead supervisor live on. */
  readonly orphanMs: number;
  readonly taskMs: number;
  readonly mostCrashes: number;
}

/** @param without Troubles, `dag-2`, or `one-scheduler`, `one-api`, `one-worker`. */
export function planOf(seed: number, without: readonly string[] = []): Plan {
  const random = randomOf(seed, "plan");
  const isLeftOut = (name: string): boolean => without.includes(name);
  const schedulers = random.pick([1, 1, 2, 2, 3]);
  const apis = random.whole(1, 2);
  const workers = Array.from({ length: random.whole(0, 3) }, () => planWorker(random));
  const { settings, terms, knobs } = planTimes(random);
  const rates = planRates(random, isLeftOut);
  const dags = planDags(randomOf(seed, "dags")).filter((_, at) => !isLeftOut(`dag-${at + 1}`));
  const specs = dags.flatMap(({ versions }) => versions);
  const needsSequential = specs.some(({ tasks }) => tasks.some(({ executor }) => executor === "sequential"));
  return {
    seed,
    without,
    schedulers: isLeftOut("one-scheduler") ? 1 : schedulers,
    apis: isLeftOut("one-api") ? 1 : apis,
    // What needs the other executor or queue would wait for ever without anybody who serves it.
    workers: [
      { hostname: "host-1", slots: random.whole(1, 3), queues: ["default", "other"], executor: "local" },
      ...(isLeftOut("one-worker") ? [] : workers),
      ...(needsSequential ? [sequentialWorker] : []),
    ],
    dags,
    settings,
    terms,
    knobs,
    rates,
    troubledMs: random.between(4_000, 14_000),
  };
}

const sequentialWorker: WorkerPlan = {
  hostname: "host-1",
  slots: 1,
  queues: ["default", "other"],
  executor: "sequential",
};

const planWorker = (random: Random): WorkerPlan => ({
  hostname: random.pick(["host-1", "host-1", "host-2"]),
  slots: random.whole(1, 4),
  queues: random.pick([["default"], ["default", "other"], ["other"]]),
  executor: "local",
});

function planTimes(random: Random): Pick<Plan, "settings" | "terms" | "knobs"> {
  const leaseMs = random.pick([2_000, 4_000, 6_000]);
  const abortGraceMs = random.whole(20, 200);
  const killGraceMs = random.whole(20, 300);
  const graceMs = Math.ceil(abortGraceMs + killGraceMs + leaseMs * 0.05 + random.whole(200, 1_000));
  const settings: RunsSettings = {
    defaultExecutor: "local",
    maxMapLength: 6,
    leaseMs,
    graceMs,
    inlineValueBytes: random.pick([0, 10, 100_000]),
    maxLosses: random.whole(1, 3),
  };
  const marginMs = Math.ceil(leaseMs * random.between(0.15, 0.3));
  const terms = { heartbeatMs: Math.ceil(leaseMs / random.whole(3, 6)), leaseMs, marginMs, killGraceMs };
  return { settings, terms, knobs: planKnobs(random, leaseMs, abortGraceMs) };
}

const planKnobs = (random: Random, leaseMs: number, abortGraceMs: number): Knobs => ({
  pollMs: random.pick([500, 1_000, 2_000, 4_000]),
  rescueMs: random.pick([500, 1_000, 2_000]),
  parallelism: random.pick([0, 1, 2, 3, 8]),
  poolSlots: random.whole(1, 4),
  pace: random.pick([0.03, 0.1, 0.3, 0.8]),
  statementMs: random.pick([0.2, 1, 1, 5]),
  messageMs: random.pick([0.5, 2, 2, 20]),
  timeoutMs: random.pick([400, 1_000, 3_000]),
  claimWaitMs: random.pick([300, 2_000, 10_000]),
  abortGraceMs,
  drainMs: random.pick([0, 500, 3_000]),
  spoolAfterMs: random.pick([10, 200, 1_000]),
  restartMs: random.pick([20, 500, 3_000]),
  orphanMs: random.pick([0, 5, 100]),
  taskMs: random.pick([5, 50, 300, leaseMs / 2]),
  mostCrashes: random.whole(0, 8),
});

/** Each kind of trouble is there in two seeds of three, so that every pair of them meets, and each is met alone. */
function planRates(random: Random, isLeftOut: (name: string) => boolean): Rates {
  const often: Rates = {
    crashes: 1 / 250,
    "broken-connections": 1 / 150,
    "unknown-commits": 1 / 40,
    deadlocks: 1 / 200,
    "lost-messages": 1 / 25,
    "lost-replies": 1 / 20,
    duplicates: 1 / 15,
    delays: 1 / 15,
    partitions: 1 / 4,
    freezes: 1 / 4,
    "clock-rates": 1,
    "clock-jumps": 1 / 3,
    "lost-hints": 1 / 3,
    users: 1,
    "new-versions": 1,
    "task-failures": 1 / 5,
    "stubborn-tasks": 1 / 4,
  };
  const drawn = troubles.map((trouble): [Trouble, number] => {
    const isThere = random.chance(2 / 3);
    const strength = random.between(0.2, 1.5);
    return [trouble, isThere && !isLeftOut(trouble) ? often[trouble] * strength : 0];
  });
  return Object.fromEntries(drawn) as Record<Trouble, number>;
}
