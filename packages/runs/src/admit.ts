import {
  type AdmissionCandidate,
  type Capacity,
  commitPoint,
  type DagGraph,
  admit as decideAdmission,
} from "@airloom/core";
import type { DagRunRow, TaskInstanceRow, Tx } from "@airloom/store";
import type { RunsDeps } from "./deps.ts";
import type { LockedRun } from "./locked-run.ts";

export interface Admitted {
  /** In flight when this returns: it goes out together with the commit. */
  readonly queued: Promise<readonly TaskInstanceRow[]>;
  /** A limiter row was busy, or others wait that this call could not see: the admission loop has to look. */
  readonly busy: boolean;
}

/** The same over all runs, with those whose graph could not be read. */
interface AdmittedOverall extends Admitted {
  readonly faults: readonly { readonly runKey: number; readonly cause: unknown }[];
}

/** Instances looked at by one call; when only slots became free, and nothing new was scheduled, a few will do. */
const limit = 500;
const fewer = 64;

const admittedNothing: Admitted = { queued: Promise.resolve([]), busy: false };

/** What an admission has to know, on its way. */
export interface Prepared {
  readonly candidates: Promise<readonly TaskInstanceRow[]>;
  readonly othersWait: Promise<boolean>;
  /** Null when it is asked for only if there is anything to admit: it takes locks. */
  readonly capacity: Promise<Capacity | null> | null;
}

/**
 * Asks for what `admitHeld` has to know. Limiter rows are taken only if they are free, since the run's lock is held already: a
 * finish never queues behind another's pool lock.
 * @param expecting Something will be there to admit, so that it pays to ask for everything in one round trip.
 */
export function prepareAdmission(tx: Tx, held: readonly LockedRun[], expecting: boolean): Prepared {
  const runKeys = held.map(({ run }) => run.id);
  const candidates = tx.listCandidates({ limit: expecting ? limit : fewer, perRun: limit, runKeys });
  const others = tx.listCandidates({ limit: 1, perRun: 1, excludeRunKeys: runKeys });
  const prepared = {
    candidates,
    othersWait: others.then((rows) => rows.length > 0),
    capacity: expecting ? lockCapacity(tx, namesOf(held), false) : null,
  };
  // When one of them fails the others do as well, and a rejection that nobody waits for ends the process.
  for (const promise of Object.values(prepared)) promise?.catch(() => {});
  return prepared;
}

/** Runs whose lock the caller holds, and what it schedules in them. */
export interface Admitting {
  readonly held: readonly LockedRun[];
  /** As rows of before that; null: not known without another look. */
  readonly scheduled: readonly TaskInstanceRow[] | null;
  /** What was asked for before it was scheduled; null: nothing was. */
  readonly ahead: Prepared | null;
}

/** Gate 2, `scheduled` to `queued`. Call it behind the moves to `scheduled`. */
export async function admitHeld(tx: Tx, admitting: Admitting): Promise<Admitted> {
  const { held, scheduled, ahead } = admitting;
  if (held.length === 0) return admittedNothing;
  const isScheduling = scheduled === null || scheduled.length > 0;
  const prepared = ahead ?? prepareAdmission(tx, held, isScheduling);
  const early = prepared.capacity ?? (isScheduling ? lockCapacity(tx, namesOf(held), false) : null);
  early?.catch(() => {});
  const [candidates, othersWait] = await Promise.all([candidatesOf(tx, admitting, prepared), prepared.othersWait]);
  if (candidates.length === 0) {
    await early;
    return { ...admittedNothing, busy: othersWait };
  }
  const capacity = await (early ?? lockCapacity(tx, namesOf(held), false));
  if (!capacity) return { ...admittedNothing, busy: true };
  return { queued: queue(tx, shape(candidates, held), { ...capacity, othersWait }), busy: othersWait };
}

/** A few that were scheduled since are added to the list; else the best are asked for anew. */
async function candidatesOf(
  tx: Tx,
  { held, scheduled, ahead }: Admitting,
  prepared: Prepared,
): Promise<readonly TaskInstanceRow[]> {
  if (!ahead) return prepared.candidates;
  if (scheduled && scheduled.length <= fewer) return [...(await prepared.candidates), ...scheduled];
  return tx.listCandidates({ limit, perRun: limit, runKeys: held.map(({ run }) => run.id) });
}

/** The same over all runs, for the admission loop: takes the limiter locks in their order, and waits for them. */
export async function admitAll(tx: Tx, deps: RunsDeps): Promise<AdmittedOverall> {
  // One wide run must not fill the whole list.
  const candidates = await tx.listCandidates({ limit, perRun: limit / 5 });
  if (candidates.length === 0) return { ...admittedNothing, faults: [] };
  const runs = await tx.listRunsByKey(unique(candidates.map((row) => row.runKey)));
  const shapes = new Map<string, Candidate>();
  const faults: { readonly runKey: number; readonly cause: unknown }[] = [];
  for (const run of runs) {
    try {
      const { graph } = await deps.versions.load(tx, run.versionId);
      for (const one of shape(candidates, [{ run, graph }])) shapes.set(one.id, one);
    } catch (cause) {
      faults.push({ runKey: run.id, cause });
    }
  }
  const shaped = candidates.flatMap(({ id }) => shapes.get(id) ?? []);
  const names = namesOfCandidates(shaped);
  const capacity = await lockCapacity(tx, { ...names, dagIds: unique(runs.map((run) => run.dagId)).sort() }, true);
  return { ...(capacity ? { queued: queue(tx, shaped, capacity), busy: false } : admittedNothing), faults };
}

/** Listed before the locks: what was admitted by others meanwhile has moved, and this move of it is dropped. */
function queue(tx: Tx, candidates: readonly Candidate[], capacity: Capacity): Promise<readonly TaskInstanceRow[]> {
  const { admitted } = decideAdmission(candidates, capacity);
  if (admitted.length === 0) return Promise.resolve([]);
  if (globalThis.FAILPOINTS) commitPoint(tx, "sched.enqueue");
  return tx.moveTaskInstances(
    admitted.map(({ id, attempt }) => ({ id, from: "scheduled" as const, attempt, to: "queued" as const })),
  );
}

interface Names {
  readonly executors: readonly string[];
  readonly pools: readonly string[];
  readonly dagIds: readonly string[];
  readonly runKeys: readonly number[];
  readonly tasks: readonly { readonly dagId: string; readonly taskId: string }[];
  readonly runTasks: readonly { readonly runKey: number; readonly taskId: string }[];
}

/** Limits, locked, and what is taken of them, counted after the locks by a statement of its own. Null when a row is busy. */
async function lockCapacity(tx: Tx, names: Names, wait: boolean): Promise<Capacity | null> {
  // Sent together; PostgreSQL runs them in this order, which is the lock order.
  const [executors, pools, dags, , live] = await Promise.all([
    tx.lockExecutors(names.executors, { wait }),
    tx.lockPools(names.pools, { wait }),
    tx.lockDags(names.dagIds, { wait }),
    wait ? tx.lockRuns(names.runKeys) : undefined,
    tx.countLiveSlots(names),
  ]);
  if (!executors || !pools || !dags) return null;
  return {
    executors: new Map(executors.map((row) => [row.name, row.parallelism])),
    pools: new Map(pools.map((row) => [row.name, row.slots])),
    pausedDags: new Set(dags.filter((dag) => dag.isPaused).map((dag) => dag.dagId)),
    live,
  };
}

const unique = <T>(values: readonly T[]): T[] => [...new Set(values)];

const namesOfCandidates = (shaped: readonly Candidate[]): Omit<Names, "dagIds"> => ({
  executors: unique(shaped.map(({ executor }) => executor)).sort(),
  pools: unique(shaped.map(({ pool }) => pool)).sort(),
  runKeys: unique(shaped.map(({ runKey }) => runKey)).sort((a, b) => a - b),
  tasks: shaped.filter(({ maxActivePerDag }) => maxActivePerDag !== null),
  runTasks: shaped.filter(({ maxActivePerRun }) => maxActivePerRun !== null),
});

/** What a graph's tasks could ask for: known before it is known which of them ask. */
interface GraphLimits {
  readonly executors: readonly string[];
  readonly pools: readonly string[];
  readonly perDag: readonly string[];
  readonly perRun: readonly string[];
}

const limitsByGraph = new WeakMap<DagGraph, GraphLimits>();

function limitsOf(graph: DagGraph, defaultExecutor: string): GraphLimits {
  const known = limitsByGraph.get(graph);
  if (known) return known;
  const tasks = graph.spec.tasks;
  const limits = {
    executors: unique(tasks.map((task) => task.executor ?? defaultExecutor)),
    pools: unique(tasks.map((task) => task.pool)),
    perDag: tasks.filter((task) => task.maxActivePerDag !== null).map((task) => task.id),
    perRun: tasks.filter((task) => task.maxActivePerRun !== null).map((task) => task.id),
  };
  limitsByGraph.set(graph, limits);
  return limits;
}

function namesOf(held: readonly LockedRun[]): Names {
  const limits = held.map(({ run, graph, deps }) => ({ run, ...limitsOf(graph, deps.settings.defaultExecutor) }));
  return {
    executors: unique(limits.flatMap(({ executors }) => executors)).sort(),
    pools: unique(limits.flatMap(({ pools }) => pools)).sort(),
    dagIds: unique(limits.map(({ run }) => run.dagId)).sort(),
    runKeys: limits.map(({ run }) => run.id).sort((a, b) => a - b),
    tasks: limits.flatMap(({ run, perDag }) => perDag.map((taskId) => ({ dagId: run.dagId, taskId }))),
    runTasks: limits.flatMap(({ run, perRun }) => perRun.map((taskId) => ({ runKey: run.id, taskId }))),
  };
}

type Candidate = AdmissionCandidate & { readonly attempt: number };

function shape(
  rows: readonly TaskInstanceRow[],
  runs: readonly { readonly run: DagRunRow; readonly graph: DagGraph }[],
): readonly Candidate[] {
  const byKey = new Map(runs.map((one) => [one.run.id, one]));
  return rows.flatMap((row): Candidate[] => {
    const { run, graph } = byKey.get(row.runKey) ?? {};
    const task = graph?.tasks.get(row.taskId);
    if (!run || !graph || !task) return [];
    const { id, attempt, runKey, dagId, taskId, mapIndex, executor, pool, poolSlots, priority } = row;
    const { logicalDate, runAfter } = run;
    const { maxActivePerDag, maxActivePerRun } = task;
    const { maxActiveTasks } = graph.spec;
    const own = { id, attempt, runKey, dagId, taskId, mapIndex, executor, pool, poolSlots, priority };
    return [{ ...own, logicalDate, runAfter, maxActiveTasks, maxActivePerDag, maxActivePerRun }];
  });
}
