import type { DagGraph } from "@airloom/core";
import type { RunAt } from "./load-run-view.ts";

/** Whether tasks of this graph look at the Dag's run before. */
export const dependsOnPast = (graph: DagGraph): boolean =>
  graph.spec.tasks.some((task) => task.dependsOnPast || task.waitForDownstream);

/**
 * Something in this run is settled: tasks of the Dag's other runs that depend on the past look again. Call it with every write of a
 * finished state, whoever decided it: nothing else would ever wake them.
 * @returns whether there may be any, so that `wakeup` is to be hinted after commit.
 */
export function wakeDependents({ tx, run, graph }: RunAt, reason: string): boolean {
  if (!dependsOnPast(graph)) return false;
  void tx.wakeOtherRuns(run.dagId, run.id, reason);
  return true;
}

/**
 * This run starts, and what it waits for in an earlier one may be settled at this very moment by someone who does not see it run yet
 * and wakes others alone. Whoever settles something holds the lock of its run until that is written: so who starts a run that looks
 * back takes the locks of the Dag's running runs (`listRunningRuns`) before it looks. A run that is over can be changed by a user
 * alone; for that one it looks once more when it can be seen. Call it before the run is advanced.
 * @returns as above.
 */
export function wakeSelf({ tx, run, graph }: RunAt): boolean {
  if (!dependsOnPast(graph)) return false;
  void tx.wakeRuns([run.id], "started");
  return true;
}
