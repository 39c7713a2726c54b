import {
  commitPoint,
  type DagGraph,
  decideFinish,
  exclusionsOf,
  type FinishedState,
  isFinished,
  type Json,
  type TaskInstanceState,
  tallyDeltasFor,
} from "@airloom/core";
import type {
  AttemptEnd,
  ClaimOptions,
  DagRunRow,
  NewXCom,
  TaskInstanceMove,
  TaskInstanceRow,
  Tx,
} from "@airloom/store";
import { advanceLocked, type RunsChanged, taskInstanceMoved, tellMoves } from "./advance-runs.ts";
import { type Claimed, claimIn } from "./claim.ts";
import type { RunsDeps } from "./deps.ts";
import { type LockedRun, lockRuns } from "./locked-run.ts";
import { failFast } from "./stop-run.ts";
import { wakeDependents } from "./wake-dependents.ts";

/** An attempt's outcome as its worker reported it. */
export interface Finish {
  readonly taskInstanceId: string;
  readonly attempt: number;
  readonly tokenHash: string;
  readonly outcome: FinishOutcome;
  readonly xcoms: readonly Omit<NewXCom, "runKey" | "taskId" | "mapIndex">[];
}

/** `decision`: what a branch chose, or whether a short circuit goes on. */
export type FinishOutcome =
  | { readonly kind: "succeeded"; readonly decision?: string | boolean }
  | { readonly kind: "skipped"; readonly reason: string }
  | { readonly kind: "failed"; readonly retry: boolean; readonly failure: Json; readonly fingerprint: string }
  | { readonly kind: "rescheduled"; readonly at: string }
  | { readonly kind: "lost"; readonly reason: string; readonly neverRan?: boolean };

export interface FinishResult {
  /** `fenced`: another attempt or a user decided otherwise, nothing was written. */
  readonly result: "recorded" | "repeated" | "fenced";
  /** Instances that became claimable with it and that nobody claimed yet, nor was told of: the caller claims them at once, or hints `queued`. */
  readonly queued: number;
  /** What the claim that came with it got, in the same transaction. Left out when there was none, or it was not made. */
  readonly claimed?: readonly Claimed[];
}

/** One finish with the instance as it was claimed: while its attempt and token hold, nothing else in it can have changed. */
export interface PendingFinish {
  readonly finish: Finish;
  readonly instance: TaskInstanceRow;
  /** A loss for want of heartbeats: it counts only if the lease ended so long ago, ms, when it is written down. */
  readonly silentMs?: number;
  /** The slot that becomes free asks for its next work. */
  readonly claim?: ClaimOptions;
  /** Its run as it was when the instance was claimed. */
  readonly run?: DagRunRow;
}

/**
 * Records outcomes of one run, in one transaction: fence, outcome, values, counts, then everything that follows directly, as far
 * as limits allow without waiting, and the claims that came with them. A stale one is left out and the rest done again.
 */
export async function finishInRun(
  deps: RunsDeps,
  runKey: number,
  items: readonly PendingFinish[],
): Promise<readonly FinishResult[]> {
  const results: FinishResult[] = items.map(() => ({ result: "recorded", queued: 0 }));
  let live = items.map((item, index) => ({ item, index }));
  while (live.length > 0) {
    const batch = live;
    const { stale, queued, claimed } = await tryFinish(
      deps,
      runKey,
      batch.map(({ item }) => item),
    );
    for (const [position, { item, index }] of batch.entries()) {
      if (stale.includes(position)) results[index] = { result: await whyStale(deps, item), queued: 0 };
      else if (stale.length === 0) results[index] = { result: "recorded", queued, ...ownOf(item, claimed) };
    }
    if (stale.length === 0) return results;
    live = batch.filter((_, position) => !stale.includes(position));
  }
  return results;
}

const ownOf = ({ claim }: PendingFinish, claimed: readonly Claimed[]): Pick<FinishResult, "claimed"> =>
  claim ? { claimed: claimed.filter(({ instance }) => claim.tokenHashes.includes(instance.tokenHash ?? "")) } : {};

/** Thrown inside the transaction to undo it when some of its finishes turn out stale. */
class StaleFinishes extends Error {
  readonly positions: readonly number[];
  constructor(positions: readonly number[]) {
    super("stale finishes");
    this.positions = positions;
  }
}

interface Tried {
  readonly stale: readonly number[];
  readonly queued: number;
  readonly claimed: readonly Claimed[];
}

async function tryFinish(deps: RunsDeps, runKey: number, items: readonly PendingFinish[]): Promise<Tried> {
  try {
    const { moved, changed, claimed } = await recordKnown(deps, runKey, items);
    const reasons = new Map(items.map(({ finish }) => [finish.taskInstanceId, reasonOf(finish.outcome)]));
    for (const row of moved) deps.tell(taskInstanceMoved(row, reasons.get(row.id)));
    const queued = await tellMoves(deps, changed);
    for (const { instance } of claimed) deps.tell(taskInstanceMoved(instance));
    const taken = new Set(claimed.map(({ instance }) => instance.id));
    return { stale: [], queued: queued.filter(({ id }) => !taken.has(id)).length, claimed };
  } catch (error) {
    if (error instanceof StaleFinishes && error.positions.length > 0)
      return { stale: error.positions, queued: 0, claimed: [] };
    throw error;
  }
}

/** Losses come alone: no worker reports one. */
const isLoss = (items: readonly PendingFinish[]): boolean => items.some(({ finish }) => finish.outcome.kind === "lost");

/** A heartbeat may have come since the leases were looked at: whose lease lives on is not lost. */
async function refuseAlive(tx: Tx, items: readonly PendingFinish[]): Promise<void> {
  const silent = items.filter(({ silentMs }) => silentMs !== undefined);
  if (silent.length === 0) return;
  const keys = silent.map(({ finish }) => finish);
  const expired = new Set(await tx.lockExpiredLeases(keys, Math.max(...silent.map(({ silentMs = 0 }) => silentMs))));
  const isAlive = ({ finish, silentMs }: PendingFinish) =>
    silentMs !== undefined && !expired.has(finish.taskInstanceId);
  const alive = items.flatMap((item, position) => (isAlive(item) ? [position] : []));
  if (alive.length > 0) throw new StaleFinishes(alive);
}

/** The run is not as it was when the instances were claimed. */
class RunChanged extends Error {
  constructor() {
    super("the run has changed");
  }
}

async function recordKnown(deps: RunsDeps, runKey: number, items: readonly PendingFinish[]): Promise<Recorded> {
  const known = items.every(({ finish }) => finish.outcome.kind === "succeeded") ? items.at(-1)?.run : undefined;
  if (known) {
    try {
      return await deps.store.tx((tx) => recordAhead({ tx, deps }, known, items));
    } catch (error) {
      if (!(error instanceof RunChanged)) throw error;
    }
  }
  return deps.store.tx(async (tx) => {
    const [locked] = await lockRuns(tx, deps, [runKey]);
    if (!locked) throw new StaleFinishes(items.map((_, position) => position));
    if (globalThis.FAILPOINTS) commitPoint(tx, isLoss(items) ? "reaper.expire" : "api.finish");
    await refuseAlive(tx, items);
    return recordFinishes(locked, items);
  });
}

/**
 * What has to be written when all succeeded follows from the run's version, which the claim brought along: it is sent behind the lock of
 * the run, without waiting for it. A run that turns out to have changed undoes it.
 */
async function recordAhead(
  { tx, deps }: Pick<LockedRun, "tx" | "deps">,
  run: DagRunRow,
  items: readonly PendingFinish[],
): Promise<Recorded> {
  const locking = tx.lockRuns([run.id]).then(([row]) => {
    if (!row) throw new StaleFinishes(items.map((_, position) => position));
    if (row.state !== run.state || row.versionId !== run.versionId) throw new RunChanged();
    return row;
  });
  locking.catch(() => {});
  if (globalThis.FAILPOINTS) commitPoint(tx, "api.finish");
  const { graph } = await deps.versions.load(tx, run.versionId);
  try {
    return await recordFinishes({ tx, deps, run, graph }, items, locking);
  } finally {
    // Of a run that changed this says so, whatever else went wrong because of it.
    await locking;
  }
}

interface Recorded {
  readonly moved: readonly TaskInstanceRow[];
  readonly changed: RunsChanged;
  readonly claimed: readonly Claimed[];
}

/** @param locking on its way: `locked.run` is only remembered. */
async function recordFinishes(
  locked: LockedRun,
  items: readonly PendingFinish[],
  locking?: Promise<DagRunRow>,
): Promise<Recorded> {
  const { tx, deps, run, graph } = locked;
  // Only a retry has a due time; what succeeded needs no clock, which is not known before the lock is.
  const now = locking ? new Date(0) : tx.now;
  const plans = items.map((item) => planFinish(item, locked, now));
  const settled = plans.flatMap((plan) => (plan.settled ? [plan.settled] : []));
  const scope = [...new Set(settled.flatMap(({ taskId }) => graph.downstream.get(taskId) ?? []))];
  // All of it is sent before the first answer: what is written, and what has to be known next. That no finish is stale is
  // assumed; if one is, everything is rolled back.
  const writing = write(locked, plans, settled);
  const wokeOthers = settled.length > 0 && wakeDependents(locked, "past_finished");
  const stopping = failFast(
    locked,
    settled.map(({ to }) => to),
  );
  const item = { run, scope, expecting: expectsMore(graph, scope, settled) };
  const advancing = graph.spec.failFast
    ? null
    : advanceLocked(tx, deps, [{ ...item, unfinishedDelta: -settled.length, ...(locking && { locking }) }]);
  // A stale finish is thrown before these are waited for: a rejection that nobody waits for would end the process.
  stopping.catch(() => {});
  advancing?.catch(() => {});
  const moved = await writing;
  const { unfinished } = (await locking) ?? run;
  if (moved.length !== plans.length) {
    const done = new Set(moved.map((row) => row.id));
    throw new StaleFinishes(plans.flatMap((plan, position) => (done.has(plan.move.id) ? [] : [position])));
  }
  const stopped = await stopping;
  const unfinishedDelta = stopped.unfinishedDelta - settled.length;
  const changed = await (advancing ??
    advanceLocked(tx, deps, [{ ...item, run: { ...run, unfinished }, unfinishedDelta }]));
  // Behind the move to queued, which is on its way: what became claimable just now is claimed with the rest. Last of all, since
  // from here this transaction waits for no lock.
  const claimed = await claimIn(
    tx,
    deps,
    items.flatMap(({ claim }) => claim ?? []),
  );
  await changed.moved;
  return {
    claimed,
    moved: [...moved, ...stopped.moved],
    changed: { ...changed, wokeOthers: wokeOthers || changed.wokeOthers },
  };
}

/** Whether some task below has likely become ready: all above it are among these. Wrong guesses cost a round trip, or locks for nothing. */
function expectsMore(graph: DagGraph, scope: readonly string[], settled: readonly Settled[]): boolean {
  const succeeded = new Set(settled.flatMap(({ taskId, to }) => (to === "success" ? [taskId] : [])));
  const isDone = (id: string) => succeeded.has(id) && !graph.tasks.get(id)?.mapped;
  return scope.some((id) => graph.tasks.get(id)?.upstream.every(isDone));
}

async function write(
  { tx, run, graph }: LockedRun,
  plans: readonly FinishPlan[],
  settled: readonly Settled[],
): Promise<readonly TaskInstanceRow[]> {
  const xcoms = plans.flatMap((plan) => plan.xcoms);
  const deltas = tallyDeltasFor(graph, settled).map(({ taskId, delta }) => ({ taskId, ...delta }));
  const [moved] = await Promise.all([
    tx.moveTaskInstances(plans.map((plan) => plan.move)),
    tx.endAttempts(plans.map((plan) => plan.end)),
    xcoms.length > 0 ? tx.putXComs(xcoms) : undefined,
    ...plans.flatMap((plan) => (plan.excluded ? [tx.putExclusion(run.id, plan.taskId, plan.excluded)] : [])),
    deltas.length > 0 ? tx.addTallies(run.id, deltas) : undefined,
    settled.length > 0 ? tx.adjustUnfinished([{ runKey: run.id, delta: -settled.length }]) : undefined,
  ]);
  return moved;
}

interface Settled {
  readonly taskId: string;
  readonly from: TaskInstanceState;
  readonly to: FinishedState;
}

interface FinishPlan {
  readonly taskId: string;
  readonly move: TaskInstanceMove;
  readonly end: AttemptEnd;
  readonly xcoms: readonly NewXCom[];
  readonly settled: Settled | null;
  readonly excluded: readonly string[] | null;
}

function planFinish({ finish, instance }: PendingFinish, { deps, run, graph }: LockedRun, now: Date): FinishPlan {
  const task = graph.tasks.get(instance.taskId);
  if (!task) throw new Error(`task ${instance.taskId} is not in the version that run ${run.id} is pinned to`);
  const { outcome } = finish;
  const { taskId, mapIndex } = instance;
  const { tryNumber, maxTries, losses } = instance;
  const { maxLosses } = deps.settings;
  const key = { dagId: run.dagId, taskId, runId: run.runId, mapIndex };
  const decided = decideFinish({ key, task, tryNumber, maxTries, losses, maxLosses }, outcome, now);
  return {
    taskId,
    move: {
      id: instance.id,
      from: "running",
      attempt: finish.attempt,
      to: decided.to,
      tokenHash: finish.tokenHash,
      set: { code: decided.code, nextDueAt: decided.nextDueAt, losses: decided.losses },
    },
    end: {
      taskInstanceId: instance.id,
      attempt: finish.attempt,
      outcome: outcome.kind,
      failure: failureOf(outcome),
      fingerprint: outcome.kind === "failed" ? outcome.fingerprint : null,
    },
    xcoms: finish.xcoms.map((xcom) => ({ ...xcom, runKey: run.id, taskId, mapIndex })),
    settled: isFinished(decided.to) ? { taskId, from: "running", to: decided.to } : null,
    excluded:
      (task.kind === "branch" || task.kind === "short_circuit") &&
      decided.to === "success" &&
      outcome.kind === "succeeded"
        ? exclusionsOf(graph, taskId, outcome.decision)
        : null,
  };
}

/** One line for people; the whole failure is kept with the attempt. */
function reasonOf(outcome: FinishOutcome): string | null {
  if (outcome.kind === "skipped" || outcome.kind === "lost") return outcome.reason;
  if (outcome.kind !== "failed" || typeof outcome.failure !== "object" || outcome.failure === null) return null;
  const { location, message } = outcome.failure as { readonly location?: unknown; readonly message?: unknown };
  const words = typeof message === "string" ? (message.split("\n", 1)[0] ?? "").slice(0, 300) : "";
  return typeof location === "string" ? `${location}: ${words}` : words || null;
}

const failureOf = (outcome: FinishOutcome): Json => {
  if (outcome.kind === "failed") return outcome.failure;
  return outcome.kind === "lost" || outcome.kind === "skipped" ? { reason: outcome.reason } : null;
};

async function whyStale(deps: RunsDeps, { finish }: PendingFinish): Promise<"repeated" | "fenced"> {
  const attempt = await deps.store.tx((tx) => tx.findAttempt(finish.taskInstanceId, finish.attempt));
  return attempt?.outcome === finish.outcome.kind ? "repeated" : "fenced";
}
