import { isFinished, type TaskInstanceState } from "@airloom/core";
import type { DagRunVerbs } from "../dag-run-verbs.ts";
import type { TallyRow, TaskInstanceRow } from "../rows.ts";
import type { RunVerbs } from "./dag-run-verbs.ts";
import { by, sortedUnique } from "./order.ts";
import { keyOf, type StoredTally } from "./tables.ts";
import type { Transaction } from "./transaction.ts";
import type { Verbs } from "./verbs.ts";

type RunCountVerbs = Omit<DagRunVerbs, keyof RunVerbs>;

/** What is kept beside a run so that deciding it stays cheap: tallies, exclusions, wake-ups; and the run before it. */
export const runCountVerbs: Verbs<RunCountVerbs> = {
  insertTallies: async (at, [runKey, tallies]) => {
    for (const tally of tallies) {
      if (!(await at.tables.tallies.insert(at, { ...tally, runKey }))) {
        throw new Error(`run ${runKey} already has a tally of ${tally.taskId}`);
      }
    }
  },
  listTallies: (at, [runKey, taskIds]) => {
    const rows = taskIds
      ? sortedUnique(taskIds).flatMap((taskId) => at.tables.tallies.get(at, keyOf(runKey, taskId)) ?? [])
      : at.tables.tallies.listBy(at, "run", runKey).sort(by((row) => [row.taskId]));
    return rows.map(({ runKey: _, ...tally }) => tally);
  },
  addTallies: async (at, [runKey, deltas]) => {
    for (const delta of deltas.toSorted(by((row) => [row.taskId]))) {
      await at.tables.tallies.update(at, keyOf(runKey, delta.taskId), (row) => sum(row, delta));
    }
  },
  recountRun: (at, [runKey, edges]) => recountRun(at, runKey, edges),

  putExclusion: async (at, [runKey, taskId, excluded]) => {
    await at.tables.exclusions.upsert(at, keyOf(runKey, taskId), () => ({ runKey, taskId, excluded: [...excluded] }));
  },
  listExclusions: (at, [runKey]) =>
    at.tables.exclusions
      .listBy(at, "run", runKey)
      .sort(by((row) => [row.taskId]))
      .map(({ taskId, excluded }) => ({ taskId, excluded })),
  deleteExclusions: async (at, [runKey, taskIds]) => {
    for (const taskId of sortedUnique(taskIds)) await at.tables.exclusions.remove(at, keyOf(runKey, taskId));
  },

  listPastStates: (at, [runKey, taskIds]) => listPastStates(at, runKey, taskIds),

  wakeRuns: (at, [runKeys, reason]) => {
    for (const runKey of runKeys) {
      at.tables.wakeups.put(at, { id: at.tables.nextNumber("wakeup"), runKey, reason });
    }
  },
  wakeOtherRuns: (at, [dagId, runKey, reason]) => {
    const others = at.tables.runs
      .listBy(at, "dag", dagId)
      .filter((run) => run.state === "running" && run.id !== runKey);
    for (const { id } of others) at.tables.wakeups.put(at, { id: at.tables.nextNumber("wakeup"), runKey: id, reason });
  },
  takeWakeups: (at, [limit]) => {
    const { wakeups } = at.tables;
    const taken = wakeups
      .list(at)
      .sort(by((row) => [row.id]))
      .filter((row) => wakeups.tryLock(at, row.id))
      .slice(0, limit);
    for (const row of taken) wakeups.delete(at, row.id);
    return sortedUnique(taken.map((row) => row.runKey));
  },
};

const sum = (row: StoredTally, delta: TallyRow): StoredTally => ({
  ...row,
  total: row.total + delta.total,
  success: row.success + delta.success,
  failed: row.failed + delta.failed,
  upstreamFailed: row.upstreamFailed + delta.upstreamFailed,
  skipped: row.skipped + delta.skipped,
  removed: row.removed + delta.removed,
});

async function recountRun(
  at: Transaction,
  runKey: number,
  { tasks, upstreams }: Parameters<DagRunVerbs["recountRun"]>[1],
): Promise<void> {
  const instances = at.tables.taskInstances.listBy(at, "run", runKey);
  const above = new Map<string, Set<string>>();
  for (const [position, taskId] of tasks.entries()) {
    above.set(taskId, (above.get(taskId) ?? new Set()).add(upstreams[position] ?? ""));
  }
  const unfinished = instances.filter((row) => !isFinished(row.state)).length;
  await at.tables.runs.update(at, runKey, (row) => ({ ...row, unfinished, updatedAt: at.clockNow() }));
  for (const [taskId, sources] of [...above].sort(by(([id]) => [id]))) {
    const counts = countStates(instances.filter((row) => sources.has(row.taskId)));
    await at.tables.tallies.upsert(at, keyOf(runKey, taskId), () => ({ runKey, taskId, ...counts }));
  }
}

function countStates(instances: readonly TaskInstanceRow[]): Omit<TallyRow, "taskId"> {
  const count = (state: TaskInstanceState) => instances.filter((row) => row.state === state).length;
  return {
    total: instances.length,
    success: count("success"),
    failed: count("failed"),
    upstreamFailed: count("upstream_failed"),
    skipped: count("skipped"),
    removed: count("removed"),
  };
}

function listPastStates(
  at: Transaction,
  runKey: number,
  taskIds: readonly string[],
): { readonly taskId: string; readonly states: readonly TaskInstanceState[] }[] {
  const run = at.tables.runs.get(at, runKey);
  const logicalDate = run?.logicalDate;
  if (!run || !logicalDate) return [];
  const earlier = at.tables.runs
    .listBy(at, "dag", run.dagId)
    .filter((other) => other.logicalDate !== null && other.logicalDate < logicalDate)
    .sort(by((other) => [-(other.logicalDate?.getTime() ?? 0)]));
  return sortedUnique(taskIds).flatMap((taskId) => {
    for (const other of earlier) {
      const rows = at.tables.taskInstances.listBy(at, "run", other.id).filter((row) => row.taskId === taskId);
      if (rows.length > 0) return [{ taskId, states: rows.sort(by((row) => [row.mapIndex])).map((row) => row.state) }];
    }
    return [];
  });
}
