import { commitPoint } from "@airloom/core";
import type { DagRunRow, TaskInstanceRow, Tx } from "@airloom/store";
import { admitAll, admitHeld, type Prepared, prepareAdmission } from "./admit.ts";
import { advance } from "./advance.ts";
import type { RunsDeps } from "./deps.ts";
import type { ViewScope } from "./load-run-view.ts";
import type { LockedRun } from "./locked-run.ts";
import { freeDue, inBulkheads, quarantineRun } from "./quarantine.ts";
import { type EndedRun, settleRun } from "./settle-run.ts";

/** What one transaction did to its runs, to be told after commit. */
export interface RunsChanged {
  /** In flight: rejects if the runs were not as they looked under their lock, so wait for it in the transaction. */
  readonly moved: Promise<readonly TaskInstanceRow[]>;
  /** In flight until the commit. */
  readonly queued: Promise<readonly TaskInstanceRow[]>;
  readonly ended: readonly EndedRun[];
  /** A limiter row was busy: scheduled instances wait for the admission loop. */
  readonly admissionBusy: boolean;
  /** Tasks of other runs that depend on the past have to look again. */
  readonly wokeOthers: boolean;
}

/** What is to be looked at in one locked run, and what the caller changed in it already. */
export interface RunToAdvance {
  readonly run: DagRunRow;
  readonly scope: ViewScope;
  /** Already written by the caller to `unfinished` after the row was read. */
  readonly unfinishedDelta: number;
  /** The row as it was locked, when `run` is only what is remembered of it: on its way when this is called. */
  readonly locking?: Promise<DagRunRow>;
  /** What can be admitted is asked for together with what can be scheduled; true: with the limits, as something will be. */
  readonly expecting?: boolean;
}

/** Advances locked, running runs, admits what fits without waiting, ends those that are over. The step every finish, start, wake-up and clear shares. */
export async function advanceLocked(tx: Tx, deps: RunsDeps, items: readonly RunToAdvance[]): Promise<RunsChanged> {
  const held: LockedRun[] = [];
  const moving: Promise<readonly TaskInstanceRow[]>[] = [];
  const ended: EndedRun[] = [];
  let scheduled: readonly TaskInstanceRow[] | null = [];
  let ahead: Prepared | null = null;
  let wokeOthers = false;
  for (const { run, scope, unfinishedDelta, locking, expecting } of items) {
    if (run.state !== "running") continue;
    const { graph } = await deps.versions.load(tx, run.versionId);
    const locked = { tx, deps, run, graph };
    const advancing = advance(locked, scope);
    if (expecting !== undefined && items.length === 1) ahead = prepareAdmission(tx, [locked], expecting);
    const advanced = await advancing;
    moving.push(advanced.moved);
    scheduled = scheduled && advanced.scheduled && [...scheduled, ...advanced.scheduled];
    wokeOthers ||= advanced.wokeOthers;
    const { unfinished } = (await locking) ?? run;
    const over = await settleRun(locked, unfinished + unfinishedDelta + advanced.unfinishedDelta);
    if (over) ended.push(over);
    else held.push(locked);
  }
  if (globalThis.FAILPOINTS && (scheduled === null || scheduled.length > 0)) commitPoint(tx, "sched.ti.schedule");
  // A run that ended freed slots that others may wait for.
  const waiting = ended.length > 0 && held.length === 0 ? tx.listCandidates({ limit: 1, perRun: 1 }) : [];
  const admission = await admitHeld(tx, { held, scheduled, ahead });
  const admissionBusy = admission.busy || (await waiting).length > 0;
  const moved = Promise.all(moving).then((each) => each.flat());
  moved.catch(() => {});
  return { moved, queued: admission.queued, ended, admissionBusy, wokeOthers };
}

/**
 * Takes wake-ups and advances their runs, whole. The wake-ups are deleted with the transaction, so a crash brings them back.
 * @returns how many runs were looked at; 0 = nothing waits.
 */
export async function advanceWokenRuns(deps: RunsDeps, limit = 20): Promise<number> {
  const passes = await inBulkheads(deps, async (tx, { only, note }) => {
    const taking = only === null ? tx.takeWakeups(limit) : [only];
    const [woken, { aside, freed }] = await Promise.all([taking, freeDue(tx, only)]);
    // What is set aside needs no wake-up: the end of its time is one.
    const keys = [...new Set([...woken, ...freed])].filter((runKey) => !aside.has(runKey));
    note(keys);
    const count = woken.length + freed.length;
    if (keys.length === 0) return { count, freed, changed: null };
    const runs = await tx.lockRuns(keys.sort((a, b) => a - b));
    const items = runs.map((run) => ({ run, scope: "all" as const, unfinishedDelta: 0 }));
    const changed = await advanceLocked(tx, deps, items);
    await changed.moved;
    return { count, freed, changed };
  });
  for (const { freed, changed } of passes) {
    if (changed) await tellRuns(deps, changed);
    if (freed.length > 0) deps.store.hint("runs");
  }
  return passes.reduce((sum, { count }) => sum + count, 0);
}

/** Queues what there is room for, over all runs, taking the limiter locks in their order. */
export async function admitWaiting(deps: RunsDeps): Promise<number> {
  const { queued, faults } = await deps.store.tx((tx) => admitAll(tx, deps));
  for (const { runKey, cause } of faults) await quarantineRun(deps, runKey, cause);
  return tellRuns(deps, { moved: Promise.resolve([]), queued, ended: [], admissionBusy: false, wokeOthers: false });
}

/**
 * Hints and events of a committed transaction. Who is woken by what stands in `what-wakes-whom.md` beside this file.
 * @returns how many instances were queued.
 */
export async function tellRuns(deps: RunsDeps, changed: RunsChanged): Promise<number> {
  const queued = await tellMoves(deps, changed);
  if (queued.length > 0) deps.store.hint("queued");
  return queued.length;
}

/** The same without the hint that work was queued, which it returns: for who claims it in the same breath. */
export async function tellMoves(deps: RunsDeps, changed: RunsChanged): Promise<readonly TaskInstanceRow[]> {
  const { store, tell } = deps;
  const [moved, queued] = await Promise.all([changed.moved, changed.queued]);
  if (changed.admissionBusy) store.hint("admission");
  if (changed.wokeOthers) store.hint("wakeup");
  if (changed.ended.length > 0) store.hint("runs");
  for (const row of [...moved, ...queued]) tell(taskInstanceMoved(row));
  for (const { run, paused } of changed.ended) {
    tell(runMoved(run));
    if (paused) tell(paused);
  }
  return queued;
}

export const taskInstanceMoved = (row: TaskInstanceRow, reason: string | null = null) => ({
  event: "taskInstance:moved" as const,
  dagId: row.dagId,
  runKey: row.runKey,
  taskId: row.taskId,
  mapIndex: row.mapIndex,
  tryNumber: row.tryNumber,
  to: row.state,
  code: row.code,
  reason,
  seconds: row.startedAt && row.endedAt ? (row.endedAt.getTime() - row.startedAt.getTime()) / 1000 : null,
});

export const runMoved = (run: DagRunRow) => ({
  event: "dagRun:moved" as const,
  dagId: run.dagId,
  runId: run.runId,
  to: run.state,
  seconds: run.startedAt && run.endedAt ? (run.endedAt.getTime() - run.startedAt.getTime()) / 1000 : null,
});
