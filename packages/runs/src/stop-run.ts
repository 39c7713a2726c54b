import {
  type DagRunState,
  decideFailFast,
  decideMarkRun,
  decideRunTimeout,
  type FinishedState,
  isFinished,
  type StopDecision,
  type StopMove,
  tallyDeltasFor,
} from "@airloom/core";
import type { TaskInstanceMove, TaskInstanceRow } from "@airloom/store";
import type { LockedRun } from "./locked-run.ts";
import { type EndedRun, pauseAfterFailures } from "./settle-run.ts";
import { wakeDependents } from "./wake-dependents.ts";

/** What ended, and what that adds to the run's `unfinished` (already written). */
export interface Stopped {
  readonly moved: readonly TaskInstanceRow[];
  readonly unfinishedDelta: number;
}

/** What is to be stopped: which rows are looked at, and what is decided of them. */
interface Stop {
  readonly load: () => Promise<readonly TaskInstanceRow[]>;
  readonly decide: (rows: readonly TaskInstanceRow[]) => StopDecision | null;
}

/**
 * Writes moves that end instances from outside, with their counts. A claim, which needs no lock of the run, may take a queued
 * instance between the look and the move: then what is left is looked at again, and is running.
 */
async function applyStop(locked: LockedRun, { load, decide }: Stop): Promise<Stopped> {
  const { tx, run, graph } = locked;
  const moved: TaskInstanceRow[] = [];
  let unfinishedDelta = 0;
  for (;;) {
    const rows = await load();
    const moves = decide(rows)?.moves ?? [];
    if (moves.length === 0) return { moved, unfinishedDelta };
    const now = await tx.moveTaskInstances(moves.map((move) => moveOf(move, rows)));
    const ids = new Set(now.map(({ id }) => id));
    const made = moves.filter(({ instance }) => ids.has(instance.id));
    const changes = made.map(({ instance, to }) => ({ taskId: instance.taskId, from: instance.state, to }));
    const delta = -made.filter(({ instance }) => !isFinished(instance.state)).length;
    await Promise.all([
      tx.addTallies(
        run.id,
        tallyDeltasFor(graph, changes).map(({ taskId, delta: by }) => ({ taskId, ...by })),
      ),
      tx.adjustUnfinished([{ runKey: run.id, delta }]),
    ]);
    moved.push(...now);
    unfinishedDelta += delta;
    if (made.length === moves.length) return { moved, unfinishedDelta };
  }
}

function moveOf({ instance, to, code }: StopMove, rows: readonly TaskInstanceRow[]): TaskInstanceMove {
  const { id, state, attempt } = rows.find((row) => row.id === instance.id) ?? instance;
  // What has a lease may be alive: it keeps it until its supervisor says that it is dead.
  return { id, from: state, attempt, to, set: { code, nextDueAt: null, dropLease: false } };
}

/** Under fail-fast a failure ends everything else in the run. */
export async function failFast(locked: LockedRun, settled: readonly FinishedState[]): Promise<Stopped> {
  const { tx, run, graph } = locked;
  if (!graph.spec.failFast || !settled.includes("failed")) return { moved: [], unfinishedDelta: 0 };
  return applyStop(locked, {
    load: () => tx.listTaskInstances({ runKey: run.id, unfinishedOnly: true }),
    decide: (rows) => decideFailFast(graph, rows, settled),
  });
}

export interface StoppedRun extends EndedRun {
  readonly moved: readonly TaskInstanceRow[];
}

/** Fails a run whose time is up; null when it is not. */
export async function timeOutRun(locked: LockedRun): Promise<StoppedRun | null> {
  const { tx, run, graph } = locked;
  const load = () => tx.listTaskInstances({ runKey: run.id, unfinishedOnly: true });
  const decide = (rows: readonly TaskInstanceRow[]) => decideRunTimeout({ graph, run, instances: rows }, tx.now);
  const decision = decide(await load());
  if (!decision) return null;
  const { moved } = await applyStop(locked, { load, decide });
  wakeDependents(locked, "run_timeout");
  const ended = await tx.moveRun({ runKey: run.id, from: "running", to: decision.run });
  if (!ended) return null;
  return { run: ended, moved, paused: await pauseAfterFailures(locked) };
}

/** A user's word on a whole run. `queued` starts it anew as it stands. */
export async function markRun(locked: LockedRun, to: Exclude<DagRunState, "running">): Promise<StoppedRun> {
  const { tx, run, graph } = locked;
  const { moved } = await applyStop(locked, {
    load: () => tx.listTaskInstances({ runKey: run.id }),
    decide: (rows) => decideMarkRun({ graph, runState: run.state, instances: rows }, to),
  });
  const decision = decideMarkRun({ graph, runState: run.state, instances: [] }, to);
  if (decision.run === null) return { run, moved, paused: null };
  const marked = await tx.moveRun({ runKey: run.id, from: run.state, to: decision.run });
  return { run: marked ?? run, moved, paused: null };
}
