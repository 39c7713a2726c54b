import type { HeldCode } from "./verdict.ts";

/** A scheduled instance that wants a slot: its row, its run's times, its limits. */
export interface AdmissionCandidate {
  readonly id: string;
  readonly runKey: number;
  readonly dagId: string;
  readonly taskId: string;
  readonly mapIndex: number;
  readonly executor: string;
  readonly pool: string;
  readonly poolSlots: number;
  /** The total weight: higher first. */
  readonly priority: number;
  readonly logicalDate: Date | null;
  readonly runAfter: Date;
  /** The Dag's: queued and running instances in one run. */
  readonly maxActiveTasks: number;
  /** The task's, over all runs of the Dag; null = no limit. */
  readonly maxActivePerDag: number | null;
  /** The task's, in one run; null = no limit. */
  readonly maxActivePerRun: number | null;
}

/** The limits, and what is taken of them now. Slots are held by queued, running and restarting instances. */
export interface Capacity {
  /** Parallelism by executor; 0 = no limit. */
  readonly executors: ReadonlyMap<string, number>;
  /** Slots by pool; -1 = no limit. */
  readonly pools: ReadonlyMap<string, number>;
  readonly pausedDags: ReadonlySet<string>;
  /**
   * True when instances that are not among the candidates wait too (a finish that looks at its own run alone): then no run gets
   * more than its share here, and the rest is left to a look at everybody. @default false
   */
  readonly othersWait?: boolean;
  readonly live: {
    readonly executors: ReadonlyMap<string, number>;
    /** Slots, not instances. */
    readonly pools: ReadonlyMap<string, number>;
    readonly runs: ReadonlyMap<number, number>;
    /** By `dagId taskId` (`taskSlotKey`). */
    readonly tasks: ReadonlyMap<string, number>;
    /** By `runKey taskId` (`taskSlotKey`). */
    readonly runTasks: ReadonlyMap<string, number>;
  };
}

export interface Admission<Candidate extends AdmissionCandidate> {
  /** Best first. */
  readonly admitted: readonly Candidate[];
  readonly held: readonly { readonly candidate: Candidate; readonly code: HeldCode }[];
}

/** The key of a task's slots over its Dag or in one run: a space, since ids hold none. */
export const taskSlotKey = (scope: string | number, taskId: string): string => `${scope} ${taskId}`;

/**
 * IS THERE ROOM FOR IT NOW? Takes the candidates one by one, best first, as long as every limit they fall under has room;
 * the rest is held with the first limit in its way. Never passes a limit, and never leaves room unused while a candidate
 * that fits it waits (a candidate that needs several slots of a pool can be overtaken by smaller ones, as in Airflow).
 */
export function admit<Candidate extends AdmissionCandidate>(
  candidates: readonly Candidate[],
  capacity: Capacity,
): Admission<Candidate> {
  const taken = takenOf(capacity);
  const admitted: Candidate[] = [];
  const held: { candidate: Candidate; code: HeldCode }[] = [];
  for (const candidate of inOrder(candidates, capacity)) {
    const code = limits.find((limit) => limit.isReached(candidate, capacity, taken))?.code;
    if (code) {
      held.push({ candidate, code });
    } else {
      admitted.push(candidate);
      take(candidate, taken);
    }
  }
  return { admitted, held };
}

interface Taken {
  readonly executors: Map<string, number>;
  readonly pools: Map<string, number>;
  readonly runs: Map<number, number>;
  readonly tasks: Map<string, number>;
  readonly runTasks: Map<string, number>;
}

interface Limit {
  readonly code: HeldCode;
  readonly isReached: (candidate: AdmissionCandidate, capacity: Capacity, taken: Taken) => boolean;
}

const used = <Key>(counts: ReadonlyMap<Key, number>, key: Key): number => counts.get(key) ?? 0;

/** What cannot change by waiting for a slot comes first, so that the code a person sees is the one to act on. */
const limits: readonly Limit[] = [
  { code: "dag_paused", isReached: ({ dagId }, { pausedDags }) => pausedDags.has(dagId) },
  { code: "executor_missing", isReached: ({ executor }, { executors }) => !executors.has(executor) },
  { code: "pool_missing", isReached: ({ pool }, { pools }) => !pools.has(pool) },
  {
    code: "pool_too_small",
    isReached: ({ pool, poolSlots }, { pools }) => poolSlots > slotsOf(pools, pool),
  },
  {
    code: "run_limit",
    isReached: ({ runKey, maxActiveTasks }, _capacity, { runs }) => used(runs, runKey) >= maxActiveTasks,
  },
  {
    code: "task_limit",
    isReached: ({ dagId, taskId, maxActivePerDag }, _capacity, { tasks }) =>
      maxActivePerDag !== null && used(tasks, taskSlotKey(dagId, taskId)) >= maxActivePerDag,
  },
  {
    code: "task_run_limit",
    isReached: ({ runKey, taskId, maxActivePerRun }, _capacity, { runTasks }) =>
      maxActivePerRun !== null && used(runTasks, taskSlotKey(runKey, taskId)) >= maxActivePerRun,
  },
  {
    code: "run_share",
    isReached: ({ runKey, executor }, capacity, { runs }) =>
      capacity.othersWait === true && used(runs, runKey) >= shareOf(capacity, executor),
  },
  {
    code: "pool_full",
    isReached: ({ pool, poolSlots }, capacity, { pools }) =>
      used(pools, pool) + poolSlots > slotsOf(capacity.pools, pool),
  },
  {
    code: "executor_full",
    isReached: ({ executor }, capacity, { executors }) =>
      used(executors, executor) >= parallelismOf(capacity, executor),
  },
];

function slotsOf(pools: ReadonlyMap<string, number>, pool: string): number {
  const slots = used(pools, pool);
  return slots === -1 ? Number.POSITIVE_INFINITY : slots;
}

const parallelismOf = ({ executors }: Capacity, executor: string): number =>
  used(executors, executor) || Number.POSITIVE_INFINITY;

/** How many slots one run may hold while others wait: half. */
const shareOf = (capacity: Capacity, executor: string): number => Math.ceil(parallelismOf(capacity, executor) / 2);

const takenOf = ({ live }: Capacity): Taken => ({
  executors: new Map(live.executors),
  pools: new Map(live.pools),
  runs: new Map(live.runs),
  tasks: new Map(live.tasks),
  runTasks: new Map(live.runTasks),
});

function take({ executor, pool, poolSlots, runKey, dagId, taskId }: AdmissionCandidate, taken: Taken): void {
  add(taken.executors, executor, 1);
  add(taken.pools, pool, poolSlots);
  add(taken.runs, runKey, 1);
  add(taken.tasks, taskSlotKey(dagId, taskId), 1);
  add(taken.runTasks, taskSlotKey(runKey, taskId), 1);
}

const add = <Key>(counts: Map<Key, number>, key: Key, by: number): void => {
  counts.set(key, used(counts, key) + by);
};

/**
 * Best first: priority, then the run that would hold fewest slots, then the older run, then the map index.
 * Before all that stands the fair share: what would bring one run over half of its executor's slots comes after everybody
 * else's. So a run takes more than half only while nobody else waits, whatever its priority: weights grow with the number
 * of tasks below, and a wide run would keep every narrow one out. (Airflow's defaults come to the same: 16 of 32.)
 */
function inOrder<Candidate extends AdmissionCandidate>(
  candidates: readonly Candidate[],
  capacity: Capacity,
): readonly Candidate[] {
  const ranks = new Map<string, number>();
  const ranked = candidates.toSorted(byOwnOrder).map((candidate) => {
    const { runKey, executor, pool } = candidate;
    const key = `${runKey} ${executor} ${pool}`;
    const rank = ranks.get(key) ?? used(capacity.live.runs, runKey);
    ranks.set(key, rank + 1);
    return { candidate, rank, overShare: rank >= shareOf(capacity, executor) ? 1 : 0 };
  });
  ranked.sort(
    (a, b) =>
      a.overShare - b.overShare ||
      b.candidate.priority - a.candidate.priority ||
      a.rank - b.rank ||
      byOwnOrder(a.candidate, b.candidate),
  );
  return ranked.map(({ candidate }) => candidate);
}

/** Without regard to other runs. The id makes the order total, so that two schedulers agree. */
function byOwnOrder(a: AdmissionCandidate, b: AdmissionCandidate): number {
  return (
    b.priority - a.priority ||
    dateOf(a) - dateOf(b) ||
    a.runKey - b.runKey ||
    a.mapIndex - b.mapIndex ||
    (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
  );
}

const dateOf = ({ logicalDate, runAfter }: AdmissionCandidate): number => (logicalDate ?? runAfter).getTime();
