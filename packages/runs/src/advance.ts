import { type AdvanceDecision, type AdvanceMove, decideAdvance, type Expansion, isFinished } from "@airloom/core";
import type { AttemptEnd, NewTaskInstance, TaskInstanceMove, TaskInstanceRow } from "@airloom/store";
import { type LoadedRunView, loadRunView, type ViewScope } from "./load-run-view.ts";
import type { LockedRun } from "./locked-run.ts";
import { wakeDependents } from "./wake-dependents.ts";

/** What a call of `advance` changes. */
export interface Advanced {
  /** In flight when it returns, so that what follows goes out with it. Wait for it before the transaction ends. */
  readonly moved: Promise<readonly TaskInstanceRow[]>;
  /** What it adds to the run's `unfinished` (written with the moves). */
  readonly unfinishedDelta: number;
  /** What may be admitted now, as rows of before their move; null when some of it is not known without a look at what was inserted. */
  readonly scheduled: readonly TaskInstanceRow[] | null;
  /** What it settled may be what other runs wait for. */
  readonly wokeOthers: boolean;
}

const advancedNothing: Advanced = {
  moved: Promise.resolve([]),
  unfinishedDelta: 0,
  scheduled: [],
  wokeOthers: false,
};

/**
 * Moves every instance in `scope` that may go on: to `scheduled`, or to the state its trigger rule or branch settles it in, and
 * expands mapped tasks. A finish passes the tasks directly below what finished; a cascade that leaves that scope loads the whole
 * run once.
 */
export async function advance(locked: LockedRun, scope: ViewScope): Promise<Advanced> {
  if (scope !== "all" && scope.length === 0) return advancedNothing;
  const view = await loadRunView(locked, scope);
  const decision = decideAdvance(view, locked.tx.now, { maxMapLength: locked.deps.settings.maxMapLength });
  const first = apply(locked, view, decision);
  if (decision.needsMore.length === 0) return first;
  const rest = await advance(locked, "all");
  const moved = Promise.all([first.moved, rest.moved]).then((both) => both.flat());
  moved.catch(() => {});
  return {
    moved,
    unfinishedDelta: first.unfinishedDelta + rest.unfinishedDelta,
    scheduled: first.scheduled && rest.scheduled && [...first.scheduled, ...rest.scheduled],
    wokeOthers: first.wokeOthers || rest.wokeOthers,
  };
}

function apply(locked: LockedRun, view: LoadedRunView, decision: AdvanceDecision): Advanced {
  const { tx, deps, run } = locked;
  const rows = new Map(view.instances.map((row) => [row.id, row]));
  const expanded = decision.expansions.map((one) => expand(one, rows.get(one.instance.id), deps.newId));
  const added = expanded.flatMap(({ instances }) => instances);
  const moves = [...decision.moves.map(moveOf), ...expanded.flatMap((expansion) => expansion.moves)];
  if (moves.length === 0) return advancedNothing;
  const settled = moves.filter((move) => isFinished(move.to)).length;
  const unfinishedDelta = added.length - settled;
  const retried = decision.moves.flatMap(({ instance }) => (instance.state === "up_for_retry" ? [instance] : []));
  // Their attempts' leases and grace are over, and nobody has said yet how they ended.
  const given = decision.moves.flatMap(({ instance }) => (instance.leaseUntil === null ? [] : [instance]));
  const deltas = decision.tallyDeltas.map(({ taskId, delta }) => ({ taskId, ...delta }));
  // Sent together, run in this order: rows are there before they move.
  const written = Promise.all([
    retried.length > 0 ? tx.deleteXComs(run.id, retried) : undefined,
    added.length > 0 ? tx.insertTaskInstances(added) : undefined,
    tx.moveTaskInstances(moves),
    given.length > 0 ? tx.endAttempts(given.map(endedUnheard)) : undefined,
    deltas.length > 0 ? tx.addTallies(run.id, deltas) : undefined,
    unfinishedDelta !== 0 ? tx.adjustUnfinished([{ runKey: run.id, delta: unfinishedDelta }]) : undefined,
  ]);
  const moved = written.then(([, , result]) => {
    if (result.length !== moves.length) throw new Error(`run ${run.id} changed under its lock`);
    return result;
  });
  moved.catch(() => {});
  const wokeOthers = settled > 0 && wakeDependents(locked, "past_settled");
  const scheduled = decision.moves.flatMap(({ instance, to, mapIndex }) => {
    const row = rows.get(instance.id);
    return row && to === "scheduled" ? [{ ...row, mapIndex }] : [];
  });
  return { moved, unfinishedDelta, scheduled: added.length > 0 ? null : scheduled, wokeOthers };
}

const endedUnheard = ({ id, attempt }: Pick<TaskInstanceRow, "id" | "attempt">): AttemptEnd => ({
  taskInstanceId: id,
  attempt,
  outcome: "cancelled",
  failure: null,
  fingerprint: null,
});

const moveOf = ({ instance, to, code, tryNumber, mapIndex }: AdvanceMove): TaskInstanceMove => ({
  id: instance.id,
  from: instance.state,
  attempt: instance.attempt,
  to,
  set: {
    tryNumber,
    nextDueAt: null,
    code: to === "scheduled" || to === "none" ? null : code,
    ...(mapIndex === instance.mapIndex ? {} : { mapIndex }),
    ...(tryNumber === instance.tryNumber ? {} : { losses: 0 }),
  },
});

/** The instances that a mapped task lacks, like the one they are made from, and their first move. */
function expand({ have, length, to }: Expansion, from: TaskInstanceRow | undefined, newId: () => string) {
  if (!from) return { instances: [], moves: [] };
  const { runKey, dagId, taskId, operator, maxTries, pool, poolSlots, queue, executor, priority } = from;
  const instances = Array.from({ length: length - have }, (_, offset): NewTaskInstance => {
    const mapIndex = have + offset;
    return {
      id: newId(),
      runKey,
      dagId,
      taskId,
      mapIndex,
      operator,
      maxTries,
      pool,
      poolSlots,
      queue,
      executor,
      priority,
    };
  });
  const set = to === "scheduled" ? { tryNumber: 1 } : { code: "nothing_to_run" };
  return { instances, moves: instances.map(({ id }): TaskInstanceMove => ({ id, from: "none", attempt: 0, to, set })) };
}
