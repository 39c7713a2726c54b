import type { AttemptRow, TaskInstanceRow } from "../rows.ts";
import type { AttemptEnd, AttemptKey, ClaimedRow, ClaimOptions, TaskInstanceVerbs } from "../task-instance-verbs.ts";
import { by, sortedUnique } from "./order.ts";
import { copyJson, keyOf } from "./tables.ts";
import { noLease, timesOf } from "./task-instance-verbs.ts";
import { TokenHeldError } from "./token-held-error.ts";
import type { Transaction } from "./transaction.ts";
import type { Verbs } from "./verbs.ts";

type AttemptVerbs = Pick<
  TaskInstanceVerbs,
  | "claimQueued"
  | "findClaimed"
  | "extendLeases"
  | "endLeases"
  | "listExpiredLeases"
  | "lockExpiredLeases"
  | "listLeasesOfWorkers"
  | "listDueRuns"
  | "nextDueAt"
  | "countQueued"
  | "endAttempts"
  | "findAttempt"
  | "listAttempts"
>;

/** From the claim of an instance to the end of its attempt, and who looks after those that do not end. */
export const attemptVerbs: Verbs<AttemptVerbs> = {
  claimQueued: (at, [options]) => claimQueued(at, options),
  findClaimed: (at, [tokenHashes]) =>
    sortedUnique(tokenHashes)
      .flatMap((hash) => at.tables.taskInstances.listBy(at, "token", hash))
      .sort(by((row) => [row.id]))
      .map((row) => claimed(at, row)),

  extendLeases: async (at, [keys, leaseMs]) => {
    const rows = await updateLeases(at, keys, (row) => {
      const now = at.clockNow();
      const leaseUntil = new Date(Math.max(row.leaseUntil?.getTime() ?? 0, now.getTime() + leaseMs));
      return { ...row, leaseUntil, updatedAt: now };
    });
    const now = at.clockNow().getTime();
    return rows.map(({ id, attempt, state, leaseUntil }) => ({
      taskInstanceId: id,
      attempt,
      state,
      remainingMs: (leaseUntil?.getTime() ?? now) - now,
    }));
  },
  endLeases: (at, [keys]) =>
    updateLeases(at, keys, (row) =>
      row.state === "running" ? undefined : { ...row, ...noLease, updatedAt: at.clockNow() },
    ),

  listExpiredLeases: (at, [graceMs, limit]) => {
    const latest = at.clockNow().getTime() - graceMs;
    return at.tables.taskInstances
      .listBy(at, "leased", 1)
      .filter((row) => row.leaseUntil !== null && row.leaseUntil.getTime() <= latest)
      .sort(by((row) => [row.leaseUntil ?? row.updatedAt, row.id]))
      .slice(0, limit);
  },
  lockExpiredLeases: async (at, [keys, graceMs]) => {
    const isExpired = ({ leaseUntil }: TaskInstanceRow) =>
      leaseUntil !== null && leaseUntil.getTime() <= at.clockNow().getTime() - graceMs;
    return (await updateLeases(at, keys, (row) => (isExpired(row) ? row : undefined))).map(({ id }) => id);
  },
  listLeasesOfWorkers: (at, [workerIds]) =>
    sortedUnique(workerIds)
      .flatMap((workerId) => at.tables.taskInstances.listBy(at, "worker", workerId))
      .filter((row) => row.leaseUntil !== null)
      .sort(by((row) => [row.id])),

  listDueRuns: (at, [limit]) => {
    const now = at.clockNow();
    const due = waitingForTime(at).filter((row) => row.nextDueAt !== null && row.nextDueAt <= now);
    return sortedUnique(due.map((row) => row.runKey)).slice(0, limit);
  },
  nextDueAt: (at) =>
    waitingForTime(at)
      .flatMap((row) => row.nextDueAt ?? [])
      .sort(by((due) => [due]))[0] ?? null,
  countQueued: (at, [executor]) => queuedOf(at, executor).length,

  endAttempts: async (at, [ends]) => {
    const changes = ends.toSorted(by((end) => [end.taskInstanceId, end.attempt])).map((end) => ({
      key: keyOf(end.taskInstanceId, end.attempt),
      make: (row: AttemptRow) => (row.endedAt ? undefined : endedRow(row, end, at.clockNow())),
    }));
    await at.tables.attempts.updateMany(at, changes);
  },
  findAttempt: (at, [taskInstanceId, attempt]) => at.tables.attempts.get(at, keyOf(taskInstanceId, attempt)) ?? null,
  listAttempts: (at, [taskInstanceId]) =>
    at.tables.attempts.listBy(at, "taskInstance", taskInstanceId).sort(by((row) => [row.attempt])),
};

const endedRow = (row: AttemptRow, { outcome, failure, fingerprint }: AttemptEnd, endedAt: Date): AttemptRow => ({
  ...row,
  endedAt,
  outcome,
  failure: copyJson(failure),
  fingerprint,
});

const queuedOf = (at: Transaction, executor: string): TaskInstanceRow[] =>
  at.tables.taskInstances.listBy(at, "state", "queued").filter((row) => row.executor === executor);

const waitingForTime = (at: Transaction): TaskInstanceRow[] =>
  (["up_for_retry", "up_for_reschedule"] as const).flatMap((state) =>
    at.tables.taskInstances.listBy(at, "state", state),
  );

function claimed(at: Transaction, row: TaskInstanceRow): ClaimedRow {
  const run = at.tables.runs.get(at, row.runKey);
  if (!run) throw new Error(`run ${row.runKey} of task instance ${row.id} does not exist`);
  return { ...row, versionId: run.versionId, run };
}

/** A row that is busy goes to whoever holds it, without waiting. */
async function claimQueued(at: Transaction, options: ClaimOptions): Promise<ClaimedRow[]> {
  const { taskInstances } = at.tables;
  const queues = new Set(options.queues);
  const warm = new Set(options.warmArtifacts);
  const isCold = (row: TaskInstanceRow) => {
    const version = at.tables.versions.get(at, claimed(at, row).versionId);
    return !(version && warm.has(version.artifactId));
  };
  const best = queuedOf(at, options.executor)
    .filter((row) => queues.has(row.queue))
    .sort(by((row) => [-row.priority, isCold(row), row.queuedAt ?? row.updatedAt, row.id]));
  const tokens = [...options.tokenHashes];
  const picked: { readonly row: TaskInstanceRow; readonly tokenHash: string }[] = [];
  for (const { id } of best) {
    if (tokens.length === 0) break;
    // Once locked, the newest row is the one that counts.
    const row = taskInstances.tryLock(at, id) ? taskInstances.get(at, id) : undefined;
    const tokenHash = row?.state === "queued" ? tokens.shift() : undefined;
    if (row && tokenHash !== undefined) picked.push({ row, tokenHash });
  }
  const rows: ClaimedRow[] = [];
  for (const { row, tokenHash } of picked) {
    // As a unique index does: who is just writing such a row is waited for, since they may give the token up. Nothing is waited for
    // between the look that finds nobody and the write.
    for (let other = holder(at, tokenHash); other !== undefined; other = holder(at, tokenHash))
      await taskInstances.othersWrote(at, other);
    if (taskInstances.listBy(at, "token", tokenHash).length > 0) throw new TokenHeldError();
    rows.push(claim(at, row, { ...options, tokenHash }));
  }
  return rows;
}

const holder = (at: Transaction, tokenHash: string) => at.tables.taskInstances.writtenByOther(at, "token", tokenHash);

function claim(
  at: Transaction,
  row: TaskInstanceRow,
  { workerId, tokenHash, leaseMs }: ClaimOptions & { readonly tokenHash: string },
): ClaimedRow {
  const now = at.clockNow();
  const leaseUntil = new Date(now.getTime() + leaseMs);
  const running: TaskInstanceRow = {
    ...row,
    ...timesOf("running", now),
    state: "running",
    tokenHash,
    workerId,
    leaseUntil,
    updatedAt: now,
  };
  at.tables.taskInstances.put(at, running);
  const worker = at.tables.workers.get(at, workerId);
  at.tables.attempts.put(at, {
    taskInstanceId: row.id,
    attempt: row.attempt,
    tryNumber: row.tryNumber,
    workerId,
    hostname: worker?.hostname ?? null,
    pid: worker?.pid ?? null,
    queuedAt: row.queuedAt,
    startedAt: now,
    endedAt: null,
    outcome: null,
    failure: null,
    fingerprint: null,
  });
  return claimed(at, running);
}

async function updateLeases(
  at: Transaction,
  keys: readonly AttemptKey[],
  make: (row: TaskInstanceRow) => TaskInstanceRow | undefined,
): Promise<readonly TaskInstanceRow[]> {
  const changes = keys.toSorted(by((key) => [key.taskInstanceId])).map(({ taskInstanceId, attempt, tokenHash }) => ({
    key: taskInstanceId,
    make: (row: TaskInstanceRow) => {
      const holds = row.attempt === attempt && row.tokenHash === tokenHash && row.leaseUntil !== null;
      return holds ? make(row) : undefined;
    },
  }));
  return at.tables.taskInstances.updateMany(at, changes);
}
