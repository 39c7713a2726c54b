import { decideRunOutcome, type TaskInstanceState } from "@airloom/core";
import type { DagRunRow, TaskInstanceRow } from "@airloom/store";
import type { RunEvent } from "./deps.ts";
import type { RunAt } from "./load-run-view.ts";

export interface EndedRun {
  readonly run: DagRunRow;
  /** Its failure was one too many. */
  readonly paused: RunEvent | null;
}

/**
 * Ends a running run that has nothing unfinished (`unfinished` counts what this transaction changed), and returns it as it is then;
 * null when it goes on. The run must be locked.
 */
export async function settleRun({ tx, run, graph }: RunAt, unfinished: number): Promise<EndedRun | null> {
  if (run.state !== "running" || unfinished > 0) return null;
  // Fail-fast skips the leaves of what failed, so there every task counts: a run that was stopped has not succeeded.
  const judged = graph.spec.failFast ? [...graph.tasks.keys()] : graph.leaves;
  const leaves = await tx.listTaskInstances({ runKey: run.id, taskIds: judged });
  const outcome = decideRunOutcome({ unfinished, leafStates: countStates(leaves) });
  if (outcome === "running") return null;
  const moved = await tx.moveRun({ runKey: run.id, from: "running", to: outcome.state });
  const paused = moved?.state === "failed" ? await pauseAfterFailures({ tx, run, graph }) : null;
  // The next run of the Dag may have waited for this one: tasks that depend on past look again, queued runs may start.
  return moved && { run: moved, paused };
}

/** A run failed: so many of them in a row pause the Dag, if it says so. @returns what to tell then, after commit. */
export async function pauseAfterFailures({ tx, run, graph }: RunAt): Promise<RunEvent | null> {
  const limit = graph.spec.maxConsecutiveFailedRuns;
  if (limit === 0) return null;
  const outcomes = await tx.listRecentOutcomes(run.dagId, limit);
  if (outcomes.length < limit || outcomes.some((state) => state !== "failed")) return null;
  const reason = `${limit} runs in a row failed`;
  const changed = await tx.setPaused([run.dagId], true);
  await tx.insertEvents([
    {
      event: "dag:paused",
      actor: "airloom",
      dagId: run.dagId,
      runId: run.runId,
      taskId: null,
      mapIndex: null,
      tryNumber: null,
      detail: { reason },
    },
  ]);
  return changed.length > 0 ? { event: "dag:paused", dagId: run.dagId, reason } : null;
}

function countStates(rows: readonly TaskInstanceRow[]): Partial<Record<TaskInstanceState, number>> {
  const counts: Partial<Record<TaskInstanceState, number>> = {};
  for (const { state } of rows) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}
