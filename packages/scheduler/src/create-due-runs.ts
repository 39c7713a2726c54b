import { runId } from "@airloom/core";
import { type Created, createAndStart, nextRunOf, type RunsDeps, tellCreated } from "@airloom/runs";
import type { Tx } from "@airloom/store";

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
  for (const { dagId } of due) {
    try {
      const created = await deps.store.tx((tx) => createDueRun(tx, deps, dagId));
      if (!created) continue;
      made += 1;
      await tellCreated(deps, created);
    } catch (error) {
      onError(dagId, error);
    }
  }
  return made > 0;
}

async function createDueRun(tx: Tx, deps: RunsDeps, dagId: string): Promise<Created | null> {
  const [, dag, active] = await Promise.all([
    tx.lockDags([dagId], { wait: true }),
    tx.findDag(dagId),
    tx.countActiveRuns([dagId]),
  ]);
  const times = dag?.nextRun;
  if (!dag || dag.isPaused || dag.isStale || !times || times.runAfter > tx.now) return null;
  if ((active.get(dagId) ?? 0) >= dag.maxActiveRuns) return null;
  const version = await deps.versions.load(tx, dag.versionId);
  const created = await createAndStart({ tx, deps, version }, dag, {
    ...times,
    runId: runId("scheduled", times.runAfter),
    runType: "scheduled",
    conf: {},
    triggeredBy: "timetable",
    triggeringUser: null,
    note: null,
  });
  // A run of this time that is already there was made by another scheduler, or by hand: the cursor goes on all the same.
  await tx.setCursor(dagId, { nextRun: nextRunOf(version, times, tx.now), lastRun: times });
  return created;
}
