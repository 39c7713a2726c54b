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

/**
 * Gate 2, `scheduled` to `queued`, for runs whose lock the caller holds. Limiter rows are taken only if they are free, since the
 * run's lock is held already: a finish never queues behind another's pool lock.
 * @param expecting Something was scheduled just now, so that it pays to ask for everything in one round trip.
 */
export async function admitHeld(tx: Tx, held: readonly LockedRun[], expecting: boolean): Promise<Admitted> {
  if (held.length === 0) return admittedNothing;
  const runKeys = held.map(({ run }) => run.id);
  const waiting = Promise.all([
    tx.listCandidates({ limit: expecting ? limit : fewer, perRun: limit, runKeys }),
    tx.listCandidates({ limit: 1, perRun: 1, excludeRunKeys: runKeys }),
  ]);
  const early = expecting ? lockCapacity(tx, namesOf(held), false) : null;
  // When the other one fails this one does as well, and a rejection that nobody waits for ends the process.
  early?.catch(() => {});
  const [candidates, others] = await waiting;
  const othersWait = others.length > 0;
  if (candidates.length === 0) {
    await early;
    return { ...admittedNothing, busy: othersWait };
  }
  const capacity = await (early ?? lockCapacity(tx, namesOf(held), false));
  if (!capacity) return { ...admittedNothing, busy: true };
  return { queued: queue(tx, shape(candidates, held), { ...capacity, othersWait }), busy: othersWait };
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
