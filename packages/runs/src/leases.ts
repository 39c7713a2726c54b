import { commitPoint } from "@airloom/core";
import type { AttemptKey, TaskInstanceRow, Tx } from "@airloom/store";
import { taskInstanceMoved } from "./advance-runs.ts";
import type { RunsDeps } from "./deps.ts";
import { finishInRun } from "./finish.ts";
import { alone, listUsable } from "./quarantine.ts";

/** `run`: go on. `cancel`: a user or a time-out ended it. `gone`: nothing is known of it. */
export interface LeaseVerdict {
  readonly taskInstanceId: string;
  readonly attempt: number;
  readonly verdict: "run" | "cancel" | "gone";
  readonly remainingMs: number;
  readonly reason: string | null;
}

/** Extends the leases of live attempts and says which are to be killed. A fenced attempt keeps a lease until it is reported ended. */
export async function heartbeat(
  deps: RunsDeps,
  workerId: string,
  keys: readonly AttemptKey[],
): Promise<readonly LeaseVerdict[]> {
  const extended = await deps.store.tx(async (tx) => {
    if (globalThis.FAILPOINTS && keys.length > 0) commitPoint(tx, "api.hb");
    const [rows] = await Promise.all([tx.extendLeases(keys, deps.settings.leaseMs), tx.touchWorker(workerId)]);
    return rows;
  });
  const known = new Map(extended.map((row) => [`${row.taskInstanceId} ${row.attempt}`, row]));
  return keys.map(({ taskInstanceId, attempt }) => {
    const row = known.get(`${taskInstanceId} ${attempt}`);
    if (!row) return { taskInstanceId, attempt, verdict: "gone", remainingMs: 0, reason: "not_held" };
    const verdict = row.state === "running" ? "run" : "cancel";
    return {
      taskInstanceId,
      attempt,
      verdict,
      remainingMs: row.remainingMs,
      reason: verdict === "run" ? null : row.state,
    };
  });
}

/** Nothing of these fenced attempts is alive: what waited for them (a cleared task's next attempt) may go on. */
export const endAttempts = (deps: RunsDeps, keys: readonly AttemptKey[]): Promise<void> => endFenced(deps, keys);

/** @param silentMs Only those whose leases ended so long ago. */
async function endFenced(deps: RunsDeps, keys: readonly AttemptKey[], silentMs?: number): Promise<void> {
  const moved = await deps.store.tx(async (tx) => {
    await lockRunsOf(tx, keys);
    const expired = silentMs === undefined ? null : new Set(await tx.lockExpiredLeases(keys, silentMs));
    return letGo(tx, await tx.endLeases(keys.filter((key) => expired?.has(key.taskInstanceId) ?? true)));
  });
  for (const row of moved) deps.tell(taskInstanceMoved(row));
  if (moved.length > 0) deps.store.hint("wakeup");
}

/** Nobody else moves instances of a run that someone advances; runs are locked before their instances. */
async function lockRunsOf(tx: Tx, keys: readonly AttemptKey[]): Promise<void> {
  const rows = await Promise.all(keys.map(({ taskInstanceId }) => tx.findTaskInstance(taskInstanceId)));
  const runKeys = new Set(rows.flatMap((row) => (row ? [row.runKey] : [])));
  await tx.lockRuns([...runKeys].sort((a, b) => a - b));
}

/** A lease that is over ends its attempt, frees `restarting` instances and wakes their runs. */
async function letGo(tx: Tx, ended: readonly TaskInstanceRow[]): Promise<readonly TaskInstanceRow[]> {
  if (ended.length === 0) return [];
  const restarting = ended.filter((row) => row.state === "restarting");
  const cancelled = ended.map(({ id, attempt }) => ({
    taskInstanceId: id,
    attempt,
    outcome: "cancelled",
    failure: null,
    fingerprint: null,
  }));
  const [moved] = await Promise.all([
    restarting.length > 0
      ? tx.moveTaskInstances(
          restarting.map(({ id, attempt }) => ({ id, from: "restarting" as const, attempt, to: "none" as const })),
        )
      : [],
    tx.endAttempts(cancelled),
    tx.wakeRuns([...new Set(ended.map((row) => row.runKey))], "lease_ended"),
  ]);
  return moved;
}

/** Why attempts are given up. */
export interface Loss {
  readonly reason: string;
  /** Ids of the instances of which nothing has run: they are no loss. */
  readonly neverRan?: ReadonlySet<string>;
  /** Only those whose leases ended so long ago, ms, when it is written down: a heartbeat may have come meanwhile. */
  readonly silentMs?: number;
}

/** Attempts handed back or lost: each is recorded as lost, which uses no try. */
export async function loseAttempts(
  deps: RunsDeps,
  instances: readonly TaskInstanceRow[],
  { reason, neverRan = new Set(), silentMs }: Loss,
): Promise<number> {
  const running = instances.filter((row) => row.state === "running" && row.tokenHash !== null);
  const byRun = new Map<number, TaskInstanceRow[]>();
  for (const row of running) byRun.set(row.runKey, [...(byRun.get(row.runKey) ?? []), row]);
  for (const [runKey, rows] of byRun) {
    const items = rows.map((instance) => ({
      instance,
      ...(silentMs !== undefined && { silentMs }),
      finish: {
        taskInstanceId: instance.id,
        attempt: instance.attempt,
        tokenHash: instance.tokenHash ?? "",
        outcome: { kind: "lost" as const, reason, neverRan: neverRan.has(instance.id) },
        xcoms: [],
      },
    }));
    await alone(deps, runKey, async () => {
      const results = await finishInRun(deps, runKey, items);
      if (results.some((result) => result.queued > 0)) deps.store.hint("queued");
    });
  }
  const fenced = instances.flatMap((row) =>
    row.state !== "running" && row.tokenHash
      ? [{ taskInstanceId: row.id, attempt: row.attempt, tokenHash: row.tokenHash }]
      : [],
  );
  if (fenced.length > 0) await endFenced(deps, fenced, silentMs);
  return instances.length;
}

/** Attempts whose lease and grace are over by the database's clock. @returns how many were given up. */
export async function rescueExpired(deps: RunsDeps, limit = 200): Promise<number> {
  const { graceMs } = deps.settings;
  const expired = await deps.store.tx((tx) =>
    listUsable(tx, { limit, list: (most) => tx.listExpiredLeases(graceMs, most), keyOf: ({ runKey }) => runKey }),
  );
  return loseAttempts(deps, expired, { reason: "its worker stopped sending heartbeats", silentMs: graceMs });
}

/**
 * A worker that dies on this host is known dead at once, by boot id, pid and process start time, not after its lease.
 * @param isDead Says of a process of this host and this boot whether it is gone.
 */
export async function releaseDeadWorkers(
  deps: RunsDeps,
  host: { readonly hostname: string; readonly bootId: string },
  isDead: (process: { readonly pid: number; readonly startTicks: string }) => boolean,
): Promise<number> {
  const workers = await deps.store.tx((tx) => tx.listWorkers({ hostname: host.hostname }));
  // Workers of another boot are left to their leases: a second machine may have the same name.
  const dead = workers
    .filter((worker) => worker.bootId === host.bootId && isDead(worker))
    .map((worker) => worker.workerId);
  if (dead.length === 0) return 0;
  const held = await deps.store.tx((tx) => tx.listLeasesOfWorkers(dead));
  await loseAttempts(deps, held, { reason: "its worker died" });
  await deps.store.tx((tx) => tx.deleteWorkers(dead));
  return held.length;
}
