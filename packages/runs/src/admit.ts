import { type AdmissionCandidate, type DagGraph, admit as decideAdmission } from "@airloom/core";
import type { DagRunRow, LiveSlots, TaskInstanceRow, Tx } from "@airloom/store";
import type { RunsDeps } from "./deps.ts";

/** Gate 2, `scheduled` to `queued`: what fits is queued, what does not keeps waiting. How limits are locked tells two callers apart. */
export interface AdmitOptions {
  /** Runs whose lock the caller holds; only their instances are considered. Limiter rows are then taken only if free. */
  readonly heldRuns?: readonly DagRunRow[];
  readonly limit?: number;
}

const unique = <T>(values: readonly T[]): T[] => [...new Set(values)];

/**
 * Queues what there is room for and returns it. With `heldRuns` (a finish, a start) it never waits: when a limiter row is busy
 * nothing is admitted and `busy` is true; the caller then wakes the admission loop. Without, it takes the locks in their order.
 */
export async function admit(
  tx: Tx,
  deps: RunsDeps,
  { heldRuns, limit = 500 }: AdmitOptions,
): Promise<{ readonly queued: readonly TaskInstanceRow[]; readonly busy: boolean }> {
  const nothing = { queued: [], busy: false };
  const filter = { limit, perRun: limit, ...(heldRuns ? { runKeys: heldRuns.map((run) => run.id) } : {}) };
  let candidates = await tx.listCandidates(filter);
  if (candidates.length === 0) return nothing;
  const wait = heldRuns === undefined;
  const runKeys = unique(candidates.map((row) => row.runKey)).sort((a, b) => a - b);
  // Sent together: PostgreSQL runs them in this order, which is the lock order.
  const [executors, pools, dags, runs] = await Promise.all([
    tx.lockExecutors(unique(candidates.map((row) => row.executor)).sort(), { wait }),
    tx.lockPools(unique(candidates.map((row) => row.pool)).sort(), { wait }),
    tx.lockDags(unique(candidates.map((row) => row.dagId)).sort(), { wait }),
    heldRuns ?? tx.lockRuns(runKeys),
  ]);
  if (!executors || !pools || !dags) return { queued: [], busy: true };
  const graphs = new Map<number, DagGraph>();
  for (const run of runs) graphs.set(run.id, (await deps.versions.load(tx, run.versionId)).graph);
  // What was listed before the locks may have moved since; only this listing counts.
  if (wait) candidates = await tx.listCandidates({ ...filter, runKeys });
  const shaped = candidates.flatMap((row) => shape(row, runs, graphs));
  const live = await countLive(tx, shaped, runKeys);
  const { admitted } = decideAdmission(shaped, {
    executors: new Map(executors.map((row) => [row.name, row.parallelism])),
    pools: new Map(pools.map((row) => [row.name, row.slots])),
    pausedDags: new Set(dags.filter((dag) => dag.isPaused).map((dag) => dag.dagId)),
    live,
  });
  if (admitted.length === 0) return nothing;
  const queued = await tx.moveTaskInstances(
    admitted.map(({ id, attempt }) => ({ id, from: "scheduled" as const, attempt, to: "queued" as const })),
  );
  return { queued, busy: false };
}

function countLive(tx: Tx, candidates: readonly Candidate[], runKeys: readonly number[]): Promise<LiveSlots> {
  return tx.countLiveSlots({
    executors: unique(candidates.map(({ executor }) => executor)),
    pools: unique(candidates.map(({ pool }) => pool)),
    runKeys,
    tasks: candidates.filter(({ maxActivePerDag }) => maxActivePerDag !== null),
    runTasks: candidates.filter(({ maxActivePerRun }) => maxActivePerRun !== null),
  });
}

type Candidate = AdmissionCandidate & { readonly attempt: number };

function shape(row: TaskInstanceRow, runs: readonly DagRunRow[], graphs: ReadonlyMap<number, DagGraph>): Candidate[] {
  const run = runs.find((one) => one.id === row.runKey);
  const graph = graphs.get(row.runKey);
  const task = graph?.tasks.get(row.taskId);
  if (!run || !graph || !task) return [];
  return [
    {
      id: row.id,
      attempt: row.attempt,
      runKey: row.runKey,
      dagId: row.dagId,
      taskId: row.taskId,
      mapIndex: row.mapIndex,
      executor: row.executor,
      pool: row.pool,
      poolSlots: row.poolSlots,
      priority: row.priority,
      logicalDate: run.logicalDate,
      runAfter: run.runAfter,
      maxActiveTasks: graph.spec.maxActiveTasks,
      maxActivePerDag: task.maxActivePerDag,
      maxActivePerRun: task.maxActivePerRun,
    },
  ];
}
