import {
  type DagRunState,
  decideFailFast,
  decideMarkRun,
  decideRunTimeout,
  type FinishedState,
  isFinished,
  type StopDecision,
} from "@airloom/core";
import type { DagRunRow, TaskInstanceMove, TaskInstanceRow } from "@airloom/store";
import type { LockedRun } from "./locked-run.ts";
import { pauseAfterFailures } from "./settle-run.ts";
import { wakeDependents } from "./wake-dependents.ts";

/** What ended, and what that adds to the run's `unfinished` (already written). */
export interface Stopped {
  readonly moved: readonly TaskInstanceRow[];
  readonly unfinishedDelta: number;
}

/** Writes moves that end instances from outside, with their counts. */
async function applyStop(
  { tx, run }: LockedRun,
  rows: readonly TaskInstanceRow[],
  stop: StopDecision,
): Promise<Stopped> {
  if (stop.moves.length === 0) return { moved: [], unfinishedDelta: 0 };
  const byId = new Map(rows.map((row) => [row.id, row]));
  const moves = stop.moves.map(({ instance, to, code }): TaskInstanceMove => {
    const { id, state, attempt } = byId.get(instance.id) ?? instance;
    // What has a lease may be alive: it keeps it until its supervisor says that it is dead.
    return { id, from: state, attempt, to, set: { code, nextDueAt: null, dropLease: false } };
  });
  const unfinishedDelta = -stop.moves.filter(({ instance }) => !isFinished(instance.state)).length;
  const [moved] = await Promise.all([
    tx.moveTaskInstances(moves),
    tx.addTallies(
      run.id,
      stop.tallyDeltas.map(({ taskId, delta }) => ({ taskId, ...delta })),
    ),
    tx.adjustUnfinished([{ runKey: run.id, delta: unfinishedDelta }]),
  ]);
  return { moved, unfinishedDelta };
}

/** Under fail-fast a failure ends everything else in the run. */
export async function failFast(locked: LockedRun, settled: readonly FinishedState[]): Promise<Stopped> {
  const { tx, run, graph } = locked;
  if (!graph.spec.failFast || !settled.includes("failed")) return { moved: [], unfinishedDelta: 0 };
  const rows = await tx.listTaskInstances({ runKey: run.id, unfinishedOnly: true });
  return applyStop(locked, rows, decideFailFast(graph, rows, settled));
}

export interface StoppedRun {
  readonly run: DagRunRow;
  readonly moved: readonly TaskInstanceRow[];
}

/** Fails a run whose time is up; null when it is not. */
export async function timeOutRun(locked: LockedRun): Promise<StoppedRun | null> {
  const { tx, run, graph } = locked;
  const rows = await tx.listTaskInstances({ runKey: run.id, unfinishedOnly: true });
  const decision = decideRunTimeout({ graph, run, instances: rows }, tx.now);
  if (!decision) return null;
  const { moved } = await applyStop(locked, rows, decision);
  wakeDependents(locked, "run_timeout");
  const ended = await tx.moveRun({ runKey: run.id, from: "running", to: decision.run });
  if (!ended) return null;
  await pauseAfterFailures(locked);
  return { run: ended, moved };
}

/** A user's word on a whole run. `queued` starts it anew as it stands. */
export async function markRun(locked: LockedRun, to: Exclude<DagRunState, "running">): Promise<StoppedRun> {
  const { tx, run, graph } = locked;
  const rows = await tx.listTaskInstances({ runKey: run.id });
  const decision = decideMarkRun({ graph, runState: run.state, instances: rows }, to);
  const { moved } = await applyStop(locked, rows, decision);
  if (decision.run === null) return { run, moved };
  const marked = await tx.moveRun({ runKey: run.id, from: run.state, to: decision.run });
  return { run: marked ?? run, moved };
}
