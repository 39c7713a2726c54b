import type { DagRunRow } from "@airloom/store";
import { advanceLocked, runMoved, tellRuns } from "./advance-runs.ts";
import type { RunsDeps } from "./deps.ts";

/**
 * Starts queued runs that are due while their Dag has room for another, oldest first, and advances them at once.
 * @returns how many started.
 */
export async function startRuns(deps: RunsDeps, limit = 20): Promise<number> {
  const { started, changed } = await deps.store.tx(async (tx) => {
    const due = await tx.listStartableRuns(limit);
    if (due.length === 0) return { started: [], changed: null };
    const dagIds = [...new Set(due.map((run) => run.dagId))].sort();
    const [dags, runs] = await Promise.all([
      tx.lockDags(dagIds, { wait: true }),
      tx.lockRuns(due.map((run) => run.id).sort((a, b) => a - b)),
    ]);
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
    const items = started.map((run) => ({ run, scope: "all" as const, unfinishedDelta: 0 }));
    return { started, changed: await advanceLocked(tx, deps, items) };
  });
  for (const run of started) deps.tell(runMoved(run));
  if (changed) await tellRuns(deps, changed);
  return started.length;
}

const oldestFirst = (runs: readonly DagRunRow[]): DagRunRow[] =>
  [...runs].sort((a, b) => a.runAfter.getTime() - b.runAfter.getTime() || a.id - b.id);
