import { finishedStates, isFinished, isLegalMove, type TaskInstanceState } from "@airloom/core";
import type { TaskInstanceRow } from "../rows.ts";
import type { NewTaskInstance, TaskInstanceMove, TaskInstanceVerbs } from "../task-instance-verbs.ts";
import { by } from "./order.ts";
import { keyOf, takeUnique } from "./tables.ts";
import type { Transaction } from "./transaction.ts";
import type { Verbs } from "./verbs.ts";

type InstanceVerbs = Pick<
  TaskInstanceVerbs,
  | "insertTaskInstances"
  | "moveTaskInstances"
  | "listTaskInstances"
  | "findTaskInstance"
  | "setTaskInstanceNotes"
  | "listCandidates"
>;

export const taskInstanceVerbs: Verbs<InstanceVerbs> = {
  insertTaskInstances: async (at, [instances]) => {
    for (const instance of instances) await insertTaskInstance(at, instance);
  },
  moveTaskInstances: (at, [moves]) => moveTaskInstances(at, moves),
  listTaskInstances: (at, [{ runKey, taskIds, unfinishedOnly = false }]) => {
    const tasks = taskIds && new Set(taskIds);
    return at.tables.taskInstances
      .listBy(at, "run", runKey)
      .filter((row) => (!tasks || tasks.has(row.taskId)) && !(unfinishedOnly && isFinished(row.state)))
      .sort(by((row) => [row.taskId, row.mapIndex]));
  },
  findTaskInstance: (at, [id]) => at.tables.taskInstances.get(at, id) ?? null,
  setTaskInstanceNotes: async (at, [ids, note]) => {
    for (const id of ids.toSorted())
      await at.tables.taskInstances.update(at, id, (row) => ({ ...row, note, updatedAt: at.clockNow() }));
  },
  listCandidates: (at, [filter]) => listCandidates(at, filter),
};

async function insertTaskInstance(at: Transaction, instance: NewTaskInstance): Promise<void> {
  const { id, runKey, taskId, mapIndex } = instance;
  if (!at.tables.runs.get(at, runKey)) throw new Error(`task instance ${id} is of a run that is not there: ${runKey}`);
  const row: TaskInstanceRow = {
    ...instance,
    state: "none",
    attempt: 0,
    tryNumber: 0,
    losses: 0,
    nextDueAt: null,
    leaseUntil: null,
    tokenHash: null,
    workerId: null,
    scheduledAt: null,
    queuedAt: null,
    startedAt: null,
    endedAt: null,
    code: null,
    note: null,
    updatedAt: at.clockNow(),
  };
  await takePlace(at, row);
  if (!(await at.tables.taskInstances.insert(at, row)))
    throw new Error(`task instance ${id} is there already (${runKey} ${taskId} ${mapIndex})`);
}

async function takePlace(at: Transaction, { id, runKey, taskId, mapIndex }: TaskInstanceRow): Promise<void> {
  const places = { index: at.tables.taskInstancePlaces, rows: at.tables.taskInstances };
  const free = await takeUnique(at, places, { value: keyOf(runKey, taskId, mapIndex), row: id });
  if (!free) throw new Error(`run ${runKey} already has an instance of ${taskId} with map index ${mapIndex}`);
}

async function moveTaskInstances(
  at: Transaction,
  moves: readonly TaskInstanceMove[],
): Promise<readonly TaskInstanceRow[]> {
  for (const { id, from, to } of moves) {
    if (to === "running" || !isLegalMove(from, to))
      throw new Error(`illegal move of task instance ${id}: ${from} to ${to}`);
  }
  const { taskInstances } = at.tables;
  const changes = moves.toSorted(by((one) => [one.id])).map((move) => ({
    key: move.id,
    make: (row: TaskInstanceRow) => (stillFits(row, move) ? movedRow(row, move, at.clockNow()) : undefined),
  }));
  const before = new Map(moves.map(({ id }) => [id, taskInstances.get(at, id)?.mapIndex]));
  const moved = await taskInstances.updateMany(at, changes);
  for (const row of moved) await changePlace(at, row, before.get(row.id) ?? row.mapIndex);
  return moved;
}

/** A mapped instance's index is part of what makes it unique. */
async function changePlace(at: Transaction, row: TaskInstanceRow, mapIndex: number): Promise<void> {
  if (row.mapIndex === mapIndex) return;
  await takePlace(at, row);
  at.tables.taskInstancePlaces.delete(at, keyOf(row.runKey, row.taskId, mapIndex));
}

const stillFits = (row: TaskInstanceRow, { from, attempt, tokenHash }: TaskInstanceMove): boolean =>
  row.state === from && row.attempt === attempt && (tokenHash === undefined || row.tokenHash === tokenHash);

export const noLease = { leaseUntil: null, tokenHash: null, workerId: null };

function movedRow(row: TaskInstanceRow, { to, set = {} }: TaskInstanceMove, now: Date): TaskInstanceRow {
  const { dropLease = true, ...columns } = set;
  return {
    ...row,
    ...columns,
    ...timesOf(to, now),
    ...(dropLease ? noLease : {}),
    state: to,
    attempt: row.attempt + (to === "queued" ? 1 : 0),
    updatedAt: now,
  };
}

/** What a state does to the times: a table, like the moves themselves. */
const timesByState: Readonly<Partial<Record<TaskInstanceState, (now: Date) => Partial<TaskInstanceRow>>>> = {
  none: () => ({ scheduledAt: null, queuedAt: null, startedAt: null, endedAt: null }),
  scheduled: (now) => ({ scheduledAt: now, queuedAt: null, startedAt: null, endedAt: null }),
  queued: (now) => ({ queuedAt: now, startedAt: null, endedAt: null }),
  running: (now) => ({ startedAt: now, endedAt: null }),
  ...Object.fromEntries(finishedStates.map((state) => [state, (now: Date) => ({ endedAt: now })])),
};

export const timesOf = (to: TaskInstanceState, now: Date): Partial<TaskInstanceRow> =>
  timesByState[to]?.(now) ?? { endedAt: null };

function listCandidates(
  at: Transaction,
  {
    limit,
    perRun,
    runKeys,
    excludePools = [],
    excludeRunKeys = [],
  }: Parameters<TaskInstanceVerbs["listCandidates"]>[0],
): TaskInstanceRow[] {
  const only = runKeys && new Set(runKeys);
  const takenOf = new Map<number, number>();
  return at.tables.taskInstances
    .listBy(at, "state", "scheduled")
    .filter(
      (row) =>
        (!only || only.has(row.runKey)) &&
        !excludePools.includes(row.pool) &&
        !excludeRunKeys.includes(row.runKey) &&
        at.tables.runs.get(at, row.runKey)?.state === "running" &&
        at.tables.dags.get(at, row.dagId)?.isPaused === false,
    )
    .sort(by((row) => [-row.priority, row.scheduledAt ?? row.updatedAt, row.id]))
    .filter((row) => {
      const taken = (takenOf.get(row.runKey) ?? 0) + 1;
      takenOf.set(row.runKey, taken);
      return taken <= perRun;
    })
    .slice(0, limit);
}

/** With its place, attempts and logs. */
export async function deleteTaskInstance(at: Transaction, id: string): Promise<void> {
  const { tables } = at;
  const row = await tables.taskInstances.lock(at, id);
  if (!row) return;
  for (const { attempt } of tables.attempts.listBy(at, "taskInstance", id))
    await tables.attempts.remove(at, keyOf(id, attempt));
  for (const log of tables.logs.listBy(at, "taskInstance", id))
    await tables.logs.remove(at, keyOf(id, log.attempt, log.seq));
  tables.taskInstancePlaces.delete(at, keyOf(row.runKey, row.taskId, row.mapIndex));
  tables.taskInstances.delete(at, id);
}
