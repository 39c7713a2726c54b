import { type DagRunState, isLegalRunMove, isRunFinished } from "@airloom/core";
import type { DagRunVerbs, NewDagRun } from "../dag-run-verbs.ts";
import type { DagRow, DagRunRow } from "../rows.ts";
import { by, sortedUnique } from "./order.ts";
import { copyJson, keyOf, quarantineKey, takeUnique } from "./tables.ts";
import { deleteTaskInstance } from "./task-instance-verbs.ts";
import type { Transaction } from "./transaction.ts";
import type { Verbs } from "./verbs.ts";

export type RunVerbs = Pick<
  DagRunVerbs,
  | "insertRun"
  | "findRun"
  | "listRunsByKey"
  | "lockRuns"
  | "moveRun"
  | "adjustUnfinished"
  | "setRunNote"
  | "deleteRun"
  | "listStartableRuns"
  | "listRunningRuns"
  | "countRunningRuns"
  | "countActiveRuns"
  | "listTimedOutRuns"
  | "listRecentOutcomes"
>;

export const runVerbs: Verbs<RunVerbs> = {
  insertRun: (at, [run]) => insertRun(at, run),
  findRun: (at, [dagId, runId]) => {
    const entry = at.tables.runIds.get(at, keyOf(dagId, runId));
    return (entry && at.tables.runs.get(at, entry.row)) ?? null;
  },
  listRunsByKey: (at, [runKeys]) => sortedUnique(runKeys).flatMap((key) => at.tables.runs.get(at, key) ?? []),

  lockRuns: async (at, [runKeys]) => {
    const rows: DagRunRow[] = [];
    for (const key of sortedUnique(runKeys)) {
      const row = await at.tables.runs.lock(at, key);
      if (row) rows.push(row);
    }
    return rows;
  },

  moveRun: async (at, [{ runKey, from, to, clear = false, versionId }]) => {
    if (!isLegalRunMove(from, to)) throw new Error(`illegal move of run ${runKey}: ${from} to ${to}`);
    const moved = await at.tables.runs.update(at, runKey, (row) =>
      row.state === from
        ? {
            ...row,
            ...timesOf(to, row, at.clockNow()),
            state: to,
            clearNumber: row.clearNumber + (clear ? 1 : 0),
            versionId: versionId ?? row.versionId,
          }
        : undefined,
    );
    return moved ?? null;
  },

  adjustUnfinished: async (at, [changes]) => {
    for (const { runKey, delta } of changes.toSorted(by((change) => [change.runKey]))) {
      await at.tables.runs.update(at, runKey, (row) => {
        const now = at.clockNow();
        return { ...row, unfinished: row.unfinished + delta, lastDecisionAt: now, updatedAt: now };
      });
    }
  },
  setRunNote: async (at, [runKey, note]) => {
    await at.tables.runs.update(at, runKey, (row) => ({ ...row, note, updatedAt: at.clockNow() }));
  },
  deleteRun: (at, [runKey]) => deleteRunWithAll(at, runKey),

  listStartableRuns: (at, [limit]) => {
    const now = at.clockNow();
    return at.tables.runs
      .listBy(at, "state", "queued")
      .filter((run) => run.runAfter <= now && mayStart(at, at.tables.dags.get(at, run.dagId)))
      .sort(by((run) => [run.runAfter, run.id]))
      .slice(0, limit);
  },
  listRunningRuns: (at, [dagIds]) =>
    sortedUnique(
      [...new Set(dagIds)]
        .flatMap((dagId) => at.tables.runs.listBy(at, "dag", dagId))
        .flatMap(({ id, state }) => (state === "running" ? [id] : [])),
    ),
  countRunningRuns: (at, [dagIds]) => countRuns(at, dagIds, ["running"]),
  countActiveRuns: (at, [dagIds]) => countRuns(at, dagIds, ["queued", "running"]),
  listTimedOutRuns: (at, [limit]) => {
    const now = at.clockNow().getTime();
    return at.tables.runs
      .listBy(at, "state", "running")
      .filter((run) => {
        const seconds = at.tables.versions.get(at, run.versionId)?.spec.runTimeoutSeconds ?? null;
        return seconds !== null && run.startedAt !== null && run.startedAt.getTime() + seconds * 1_000 <= now;
      })
      .map((run) => run.id)
      .sort((a, b) => a - b)
      .slice(0, limit);
  },
  listRecentOutcomes: (at, [dagId, limit]) =>
    at.tables.runs
      .listBy(at, "dag", dagId)
      .filter((run) => isRunFinished(run.state))
      .sort(by((run) => [-run.runAfter.getTime(), -run.id]))
      .slice(0, limit)
      .map((run) => run.state),
};

function countRuns(at: Transaction, dagIds: readonly string[], states: readonly DagRunState[]): Map<string, number> {
  const counts = sortedUnique(dagIds).map((dagId): [string, number] => {
    const runs = at.tables.runs.listBy(at, "dag", dagId).filter((run) => states.includes(run.state));
    return [dagId, runs.length];
  });
  return new Map(counts.filter(([, count]) => count > 0));
}

/** The Dag's lock first: under it the number is given out, and no other run of the Dag is being inserted. */
function mayStart(at: Transaction, dag: DagRow | undefined): boolean {
  if (!dag || dag.isPaused) return false;
  const running = at.tables.runs.listBy(at, "dag", dag.dagId).filter(({ state }) => state === "running").length;
  return running === 0 || running < dag.maxActiveRuns;
}

async function insertRun(at: Transaction, run: NewDagRun): Promise<DagRunRow | null> {
  const { tables } = at;
  const idEntry = keyOf(run.dagId, run.runId);
  const dateEntry = run.logicalDate && keyOf(run.dagId, run.logicalDate.getTime());
  await tables.dags.lock(at, run.dagId);
  if (tables.versions.get(at, run.versionId)?.dagId !== run.dagId) {
    throw new Error(`Dag ${run.dagId} has no version ${run.versionId}`);
  }
  const id = tables.nextNumber("run");
  const ids = { index: tables.runIds, rows: tables.runs };
  const dates = { index: tables.runDates, rows: tables.runs };
  if (!(await takeUnique(at, ids, { value: idEntry, row: id }))) return null;
  if (dateEntry !== null && !(await takeUnique(at, dates, { value: dateEntry, row: id }))) {
    tables.runIds.delete(at, idEntry);
    return null;
  }
  const number = await tables.runNumbers.upsert(at, run.dagId, (row) => ({
    dagId: run.dagId,
    last: (row?.last ?? 0) + 1,
  }));
  const now = at.clockNow();
  const row: DagRunRow = {
    ...run,
    id,
    number: number.last,
    conf: copyJson(run.conf),
    state: "queued",
    queuedAt: now,
    startedAt: null,
    endedAt: null,
    clearNumber: 0,
    lastDecisionAt: null,
    updatedAt: now,
  };
  tables.runs.put(at, row);
  return row;
}

function timesOf(to: DagRunState, row: DagRunRow, now: Date): Partial<DagRunRow> {
  if (to === "queued") return { queuedAt: now, startedAt: null, endedAt: null, updatedAt: now };
  if (to === "running") return { startedAt: now, endedAt: null, updatedAt: now };
  return { startedAt: row.startedAt, endedAt: now, updatedAt: now };
}

export async function deleteRunWithAll(at: Transaction, runKey: number): Promise<boolean> {
  const { tables } = at;
  const run = await tables.runs.lock(at, runKey);
  if (!run) return false;
  for (const { id } of tables.taskInstances.listBy(at, "run", runKey).sort(by((row) => [row.id]))) {
    await deleteTaskInstance(at, id);
  }
  for (const row of tables.tallies.listBy(at, "run", runKey))
    await tables.tallies.remove(at, keyOf(runKey, row.taskId));
  for (const row of tables.exclusions.listBy(at, "run", runKey)) {
    await tables.exclusions.remove(at, keyOf(runKey, row.taskId));
  }
  for (const row of tables.xcoms.listBy(at, "run", runKey)) {
    await tables.xcoms.remove(at, keyOf(runKey, row.taskId, row.mapIndex, row.key));
  }
  for (const row of tables.wakeups.listBy(at, "run", runKey)) await tables.wakeups.remove(at, row.id);
  await tables.quarantine.remove(at, quarantineKey({ dagId: run.dagId, runKey }));
  tables.runIds.delete(at, keyOf(run.dagId, run.runId));
  if (run.logicalDate) tables.runDates.delete(at, keyOf(run.dagId, run.logicalDate.getTime()));
  tables.runs.delete(at, runKey);
  return true;
}
