import {
  AirloomError,
  type ClearOptions,
  commitPoint,
  decideClear,
  decideMarkTask,
  isFinished,
  type MarkOptions,
} from "@airloom/core";
import type { DagRunRow, TaskInstanceMove, TaskInstanceRow, Tx } from "@airloom/store";
import { runMoved, taskInstanceMoved } from "./advance-runs.ts";
import type { RunsDeps } from "./deps.ts";
import { type LockedRun, lockRuns } from "./locked-run.ts";
import { markRun } from "./stop-run.ts";
import { wakeDependents } from "./wake-dependents.ts";

/** What a user's action would change, or has changed. */
export interface Changed {
  readonly run: DagRunRow;
  readonly instances: readonly TaskInstanceRow[];
}

interface Applied {
  readonly moves: readonly TaskInstanceMove[];
  readonly deciders: readonly string[];
  readonly restartsRun: boolean;
}

/** Clears instances of one run, so that they run again. `dryRun` says what it would do and changes nothing. */
export const clearTasks = (
  deps: RunsDeps,
  runKey: number,
  options: ClearOptions & { readonly dryRun?: boolean },
): Promise<Changed> =>
  change({ deps, runKey, dryRun: options.dryRun ?? false }, (rows, { tx, run, graph }) => {
    if (globalThis.FAILPOINTS && !options.dryRun) commitPoint(tx, "api.clear");
    const decision = decideClear({ graph, runState: run.state, instances: rows }, options);
    return {
      moves: decision.moves.map(({ instance, to, maxTries, code }) => moveFor(instance, to, { maxTries, code })),
      deciders: decision.deciders,
      restartsRun: decision.run === "queued",
    };
  });

/** Sets instances to a final state by a user's word. */
export const markTasks = (
  deps: RunsDeps,
  runKey: number,
  options: MarkOptions & { readonly dryRun?: boolean },
): Promise<Changed> =>
  change({ deps, runKey, dryRun: options.dryRun ?? false }, (rows, { run, graph }) => {
    const decision = decideMarkTask({ graph, runState: run.state, instances: rows }, options);
    return {
      moves: decision.moves.map(({ instance, to, maxTries, code }) => moveFor(instance, to, { maxTries, code })),
      deciders: decision.deciders,
      restartsRun: decision.run === "queued",
    };
  });

function moveFor(
  { id, state, attempt }: Pick<TaskInstanceRow, "id" | "state" | "attempt">,
  to: TaskInstanceMove["to"],
  { maxTries, code }: { readonly maxTries: number; readonly code: string },
): TaskInstanceMove {
  return {
    id,
    from: state,
    attempt,
    to,
    // What has a lease may be alive, whatever its state: one that was marked keeps it too until it has ended.
    set: { maxTries, losses: 0, nextDueAt: null, code, dropLease: false },
  };
}

interface Target {
  readonly deps: RunsDeps;
  readonly runKey: number;
  readonly dryRun: boolean;
}

type Decide = (rows: readonly TaskInstanceRow[], locked: LockedRun) => Applied;

async function change({ deps, runKey, dryRun }: Target, decide: Decide): Promise<Changed> {
  const { from, ...changed } = await deps.store.tx(async (tx) => {
    const locked = await lockOne(tx, deps, runKey);
    const from = locked.run.state;
    if (!dryRun) return { ...(await apply(locked, decide)), from };
    const rows = await tx.listTaskInstances({ runKey });
    const ids = new Set(decide(rows, locked).moves.map((move) => move.id));
    return { run: locked.run, instances: rows.filter((row) => ids.has(row.id)), from };
  });
  if (!dryRun) {
    for (const row of changed.instances) deps.tell(taskInstanceMoved(row));
    if (changed.run.state !== from) deps.tell(runMoved(changed.run));
    deps.store.hint("wakeup");
    deps.store.hint("runs");
  }
  return changed;
}

async function apply(locked: LockedRun, decide: Decide): Promise<Changed> {
  const { tx, run, graph } = locked;
  // A user wants it now: what it was set aside for is tried anew.
  void tx.deleteQuarantine({ dagId: run.dagId, runKey: run.id });
  const { instances, deciders, restartsRun } = await moveAll(locked, decide);
  if (instances.length === 0) return { run, instances };
  const again = instances.filter(({ state }) => !isFinished(state));
  const edges = [...graph.tasks.values()].flatMap((task) =>
    task.upstream.map((upstream) => [task.id, upstream] as const),
  );
  await Promise.all([
    again.length > 0 ? tx.deleteXComs(run.id, again) : undefined,
    deciders.length > 0 ? tx.deleteExclusions(run.id, deciders) : undefined,
    tx.recountRun(run.id, { tasks: edges.map(([task]) => task), upstreams: edges.map(([, upstream]) => upstream) }),
    tx.wakeRuns([run.id], "user_action"),
  ]);
  wakeDependents(locked, "user_action");
  const restarted = restartsRun
    ? await tx.moveRun({ runKey: run.id, from: run.state, to: "queued", clear: true })
    : null;
  return { run: restarted ?? run, instances };
}

/**
 * Moves all that is decided. A claim, which needs no lock of the run, may take a queued instance between the look and the move:
 * then what is left is looked at again, and is running.
 */
async function moveAll(
  locked: LockedRun,
  decide: Decide,
): Promise<Omit<Applied, "moves"> & { readonly instances: readonly TaskInstanceRow[] }> {
  const { tx, run } = locked;
  const instances = new Map<string, TaskInstanceRow>();
  const deciders = new Set<string>();
  let restartsRun = false;
  for (;;) {
    const applied = decide(await tx.listTaskInstances({ runKey: run.id }), locked);
    const moved = await tx.moveTaskInstances(applied.moves);
    for (const row of moved) instances.set(row.id, row);
    for (const id of applied.deciders) deciders.add(id);
    restartsRun ||= applied.restartsRun;
    if (moved.length === applied.moves.length)
      return { instances: [...instances.values()], deciders: [...deciders], restartsRun };
  }
}

async function lockOne(tx: Tx, deps: RunsDeps, runKey: number): Promise<LockedRun> {
  const [locked] = await lockRuns(tx, deps, [runKey]);
  if (!locked) throw new AirloomError("NOT_FOUND", { what: "The run" });
  return locked;
}

/** A user's word on a whole run. */
export async function setRunState(
  deps: RunsDeps,
  runKey: number,
  to: "queued" | "success" | "failed",
): Promise<Changed> {
  const { run, moved, from } = await deps.store.tx(async (tx) => {
    const locked = await lockOne(tx, deps, runKey);
    const marked = await markRun(locked, to);
    wakeDependents(locked, "user_action");
    void tx.deleteQuarantine({ dagId: locked.run.dagId, runKey });
    await tx.wakeRuns([runKey], "user_action");
    return { ...marked, from: locked.run.state };
  });
  for (const row of moved) deps.tell(taskInstanceMoved(row));
  if (run.state !== from) deps.tell(runMoved(run));
  deps.store.hint("wakeup");
  deps.store.hint("runs");
  deps.store.hint("admission");
  return { run, instances: moved };
}
