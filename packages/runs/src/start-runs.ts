import type { DagGraph } from "@airloom/core";
import type { DagRow, DagRunRow, Tx } from "@airloom/store";
import { advanceLocked, type RunsChanged, runMoved, tellRuns } from "./advance-runs.ts";
import { createRun, type RunRequest } from "./create-run.ts";
import type { RunsDeps } from "./deps.ts";
import { inBulkheads, listUsable } from "./quarantine.ts";
import type { Version } from "./versions.ts";
import { dependsOnPast, wakeSelf } from "./wake-dependents.ts";

/**
 * Starts queued runs that are due while their Dag has room for another, oldest first, and advances them at once.
 * @returns how many started.
 */
export async function startRuns(deps: RunsDeps, limit = 20): Promise<number> {
  const passes = await inBulkheads(deps, async (tx, { only, note }) => {
    const list = (most: number) => tx.listStartableRuns(most);
    const due = await listUsable(tx, { limit, list, keyOf: (run) => run.id }, only);
    note(due.map((run) => run.id));
    if (due.length === 0) return { started: [], changed: null };
    const dagIds = [...new Set(due.map((run) => run.dagId))].sort();
    const lookingBack = await lookBack(tx, deps, due);
    const locking = tx.lockDags(dagIds, { wait: true });
    // Which runs go on cannot change under the lock of their Dag.
    const earlier = lookingBack.length > 0 ? await locking.then(() => tx.listRunningRuns(lookingBack)) : [];
    const keys = [...new Set([...due.map((run) => run.id), ...earlier])].sort((a, b) => a - b);
    const [dags, runs] = await Promise.all([locking, tx.lockRuns(keys)]);
    const running = new Map(await tx.countRunningRuns(dagIds));
    const open = new Map(
      (dags ?? [])
        .filter((dag) => !dag.isPaused)
        .map((dag) => [dag.dagId, dag.maxActiveRuns - (running.get(dag.dagId) ?? 0)]),
    );
    const started: DagRunRow[] = [];
    for (const run of oldestFirst(runs)) {
      const room = open.get(run.dagId) ?? 0;
      if (run.state !== "queued" || room <= 0) continue;
      const moved = await tx.moveRun({ runKey: run.id, from: "queued", to: "running" });
      if (!moved) continue;
      open.set(run.dagId, room - 1);
      started.push(moved);
    }
    let looksBack = false;
    for (const run of started) {
      const { graph } = await deps.versions.load(tx, run.versionId);
      looksBack = wakeSelf({ tx, run, graph }) || looksBack;
    }
    const items = started.map((run) => ({ run, scope: "all" as const, unfinishedDelta: 0 }));
    const changed = await advanceLocked(tx, deps, items);
    await changed.moved;
    return { started, changed: { ...changed, wokeOthers: changed.wokeOthers || looksBack } };
  });
  for (const { started, changed } of passes) {
    for (const run of started) deps.tell(runMoved(run));
    if (changed) await tellRuns(deps, changed);
  }
  return passes.reduce((sum, { started }) => sum + started.length, 0);
}

/** Dags of these runs whose tasks depend on the past. */
async function lookBack(tx: Tx, deps: RunsDeps, runs: readonly DagRunRow[]): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const { dagId, versionId } of runs) {
    const { graph } = await deps.versions.load(tx, versionId);
    if (dependsOnPast(graph)) found.add(dagId);
  }
  return [...found].sort();
}

export interface Created {
  readonly run: DagRunRow;
  /** What starting it did, to be told after commit (`tellCreated`); null when it waits: not due, paused, or no room. */
  readonly started: RunsChanged | null;
}

/**
 * Makes a run and, if it is due and its Dag has room, starts it in the same transaction: up to the queue, as far as limits allow.
 * The caller has locked the Dag (`lockDags`) and read it since. Null when the Dag already has such a run.
 */
export async function createAndStart(
  at: { readonly tx: Tx; readonly deps: RunsDeps; readonly version: Version },
  dag: DagRow,
  request: RunRequest,
): Promise<Created | null> {
  const { tx, deps, version } = at;
  const counting = tx.countRunningRuns([dag.dagId]);
  const queued = await createRun(at, request);
  if (!queued) return null;
  const running = (await counting).get(dag.dagId) ?? 0;
  if (dag.isPaused || request.runAfter > tx.now || running >= dag.maxActiveRuns) return { run: queued, started: null };
  void tx.moveRun({ runKey: queued.id, from: "queued", to: "running" });
  const run: DagRunRow = { ...queued, state: "running", startedAt: tx.now };
  const looksBack = wakeSelf({ tx, run, graph: version.graph });
  if (looksBack) await tx.lockRuns(await tx.listRunningRuns([dag.dagId]));
  const scope = firstTasks(version.graph);
  // What it moves is not waited for: nobody else knows of this run yet, so it goes out together with the commit.
  const started = await advanceLocked(tx, deps, [{ run, scope, unfinishedDelta: 0, expecting: true }]);
  return { run, started: { ...started, wokeOthers: started.wokeOthers || looksBack } };
}

/** What may be decided before anything ran: no other task can do anything but wait. */
const firstTasks = (graph: DagGraph): readonly string[] => [
  ...graph.roots,
  ...graph.spec.tasks
    .filter((task) => task.triggerRule === "always" && task.upstream.length > 0)
    .map((task) => task.id),
];

/** Tells of a run that was made, after commit; one that waits is left to `startRuns`. */
export async function tellCreated(deps: RunsDeps, { run, started }: Created): Promise<void> {
  const { dagId, runId, runType } = run;
  deps.tell({ event: "dagRun:created", dagId, runId, runType });
  if (!started) return deps.store.hint("runs");
  deps.tell(runMoved(run));
  await tellRuns(deps, started);
}

const oldestFirst = (runs: readonly DagRunRow[]): DagRunRow[] =>
  [...runs].sort((a, b) => a.runAfter.getTime() - b.runAfter.getTime() || a.id - b.id);
