import { type AdmissionCandidate, type Capacity, admit as decideAdmission } from "@airloom/core";
import type { DagRunRow, TaskInstanceRow, Tx } from "@airloom/store";
import type { RunsDeps } from "./deps.ts";

export interface AdmitOptions {
  /**
   * Runs whose lock the caller holds: only their instances are considered, and limiter rows are taken only if they are free.
   * Without, all runs are considered and the locks taken in their order.
   */
  readonly heldRuns?: readonly DagRunRow[];
  /** Instances looked at. @default 500 */
  readonly limit?: number;
}

export interface Admitted {
  readonly queued: readonly TaskInstanceRow[];
  /** A limiter row was busy, or others wait that this call could not see: the admission loop has to look. */
  readonly busy: boolean;
}

const nothing: Admitted = { queued: [], busy: false };
const unique = <T>(values: readonly T[]): T[] => [...new Set(values)];

/** Gate 2, `scheduled` to `queued`: what fits is queued, what does not keeps waiting. */
export async function admit(tx: Tx, deps: RunsDeps, { heldRuns, limit = 500 }: AdmitOptions): Promise<Admitted> {
  const { candidates, othersWait } = await listWaiting(tx, heldRuns, limit);
  if (candidates.length === 0) return { ...nothing, busy: othersWait };
  const runs = heldRuns ?? (await tx.listRunsByKey(unique(candidates.map((row) => row.runKey))));
  const shaped = await shape(tx, deps, { candidates, runs });
  const waiting = { shaped, runs, wait: heldRuns === undefined };
  const capacity = await lockCapacity(tx, waiting);
  if (!capacity) return { queued: [], busy: true };
  const { admitted } = decideAdmission(shaped, { ...capacity, othersWait });
  if (admitted.length === 0) return { ...nothing, busy: othersWait };
  // Listed before the locks: what was admitted by others meanwhile has moved, and this move of it is dropped.
  const queued = await tx.moveTaskInstances(
    admitted.map(({ id, attempt }) => ({ id, from: "scheduled" as const, attempt, to: "queued" as const })),
  );
  return { queued, busy: othersWait };
}

/** One wide run must not fill the whole list when everybody's is asked for. */
async function listWaiting(tx: Tx, heldRuns: readonly DagRunRow[] | undefined, limit: number) {
  if (!heldRuns) {
    return { candidates: await tx.listCandidates({ limit, perRun: Math.ceil(limit / 5) }), othersWait: false };
  }
  const runKeys = heldRuns.map((run) => run.id);
  const [candidates, others] = await Promise.all([
    tx.listCandidates({ limit, perRun: limit, runKeys }),
    tx.listCandidates({ limit: 1, perRun: 1, excludeRunKeys: runKeys }),
  ]);
  return { candidates, othersWait: others.length > 0 };
}

interface Waiting {
  readonly shaped: readonly Candidate[];
  readonly runs: readonly DagRunRow[];
  readonly wait: boolean;
}

/** Limits, locked, and what is taken of them, counted after the locks by a statement of its own. Null when a row is busy. */
async function lockCapacity(tx: Tx, { shaped, runs, wait }: Waiting): Promise<Capacity | null> {
  const names = {
    executors: unique(shaped.map(({ executor }) => executor)).sort(),
    pools: unique(shaped.map(({ pool }) => pool)).sort(),
    runKeys: unique(shaped.map(({ runKey }) => runKey)).sort((a, b) => a - b),
    tasks: shaped.filter(({ maxActivePerDag }) => maxActivePerDag !== null),
    runTasks: shaped.filter(({ maxActivePerRun }) => maxActivePerRun !== null),
  };
  // Sent together; PostgreSQL runs them in this order, which is the lock order.
  const [executors, pools, dags, , live] = await Promise.all([
    tx.lockExecutors(names.executors, { wait }),
    tx.lockPools(names.pools, { wait }),
    tx.lockDags(unique(runs.map((run) => run.dagId)).sort(), { wait }),
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

type Candidate = AdmissionCandidate & { readonly attempt: number };

async function shape(
  tx: Tx,
  deps: RunsDeps,
  { candidates, runs }: { readonly candidates: readonly TaskInstanceRow[]; readonly runs: readonly DagRunRow[] },
): Promise<readonly Candidate[]> {
  const shaped: Candidate[] = [];
  for (const run of runs) {
    const { graph } = await deps.versions.load(tx, run.versionId);
    const { logicalDate, runAfter } = run;
    const { maxActiveTasks } = graph.spec;
    for (const row of candidates) {
      const task = row.runKey === run.id ? graph.tasks.get(row.taskId) : undefined;
      if (!task) continue;
      const { maxActivePerDag, maxActivePerRun } = task;
      shaped.push({ ...row, logicalDate, runAfter, maxActiveTasks, maxActivePerDag, maxActivePerRun });
    }
  }
  return shaped;
}
