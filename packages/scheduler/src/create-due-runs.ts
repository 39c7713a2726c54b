import { runId } from "@airloom/core";
import { createRun, nextRunOf, type RunsDeps } from "@airloom/runs";
import type { DagRow, Tx } from "@airloom/store";

/**
 * Makes the scheduled runs that are due. The run and the cursor's advance are one transaction per Dag, and one Dag's error does
 * not stop the others.
 * @returns whether any was made.
 */
export async function createDueRuns(
  deps: RunsDeps,
  onError: (dagId: string, error: unknown) => void,
  limit = 50,
): Promise<boolean> {
  const due = await deps.store.tx((tx) => tx.listDueDags(limit));
  let made = 0;
  for (const dag of due) {
    try {
      if (await deps.store.tx((tx) => createDueRun(tx, deps, dag))) made += 1;
    } catch (error) {
      onError(dag.dagId, error);
    }
  }
  if (made > 0) deps.store.hint("runs");
  return made > 0;
}

async function createDueRun(tx: Tx, deps: RunsDeps, seen: DagRow): Promise<boolean> {
  const { dagId } = seen;
  await tx.lockDags([dagId], { wait: true });
  const dag = await tx.findDag(dagId);
  const times = dag?.nextRun;
  if (!dag || dag.isPaused || dag.isStale || !times || times.runAfter > tx.now) return false;
  const active = await tx.countActiveRuns([dagId]);
  if ((active.get(dagId) ?? 0) >= dag.maxActiveRuns) return false;
  const version = await deps.versions.load(tx, dag.versionId);
  const run = await createRun(
    { tx, deps, version },
    {
      ...times,
      runId: runId("scheduled", times.runAfter),
      runType: "scheduled",
      conf: {},
      triggeredBy: "timetable",
      triggeringUser: null,
      note: null,
    },
  );
  // A run of this time that is already there was made by another scheduler, or by hand: the cursor goes on all the same.
  await tx.setCursor(dagId, { nextRun: nextRunOf(version, times, tx.now), lastRun: times });
  return run !== null;
}
