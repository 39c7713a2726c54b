import { commitPoint, failpoint, runId } from "@airloom/core";
import {
  type Created,
  createAndStart,
  listAsideDags,
  nextRunOf,
  quarantineDag,
  type RunsDeps,
  tellCreated,
} from "@airloom/runs";
import type { Tx } from "@airloom/store";

export interface DueRunsOptions {
  /** Dags looked at in one pass. @default 50 */
  readonly limit?: number;
}

/**
 * Makes the scheduled runs that are due. The run and the cursor's advance are one transaction per Dag, and one Dag's error does
 * not stop the others: it is quarantined.
 * @returns whether any was made.
 */
export async function createDueRuns(deps: RunsDeps, { limit = 50 }: DueRunsOptions = {}): Promise<boolean> {
  const { due, known } = await listDue(deps, limit);
  let made = 0;
  for (const { dagId, versionId } of due) {
    try {
      if (globalThis.FAILPOINTS) await failpoint(`sched.dag.${dagId}`);
      const created = await deps.store.tx(async (tx) => {
        if (known.has(dagId)) void tx.deleteQuarantine({ dagId, runKey: null });
        return createDueRun(tx, deps, dagId);
      });
      if (!created) continue;
      made += 1;
      await tellCreated(deps, created);
    } catch (error) {
      await quarantineDag(deps, { dagId, versionId }, error);
    }
  }
  return made > 0;
}

/** Those that are set aside are due all the time and stand first, so the list is longer by them. */
async function listDue({ store }: RunsDeps, limit: number) {
  return store.tx(async (tx) => {
    const { aside, known } = await listAsideDags(tx);
    const dags = await tx.listDueDags(limit + aside.size);
    return { due: dags.filter(({ dagId }) => !aside.has(dagId)).slice(0, limit), known };
  });
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
  if (globalThis.FAILPOINTS) commitPoint(tx, "sched.run.create");
  // A run of this time that is already there was made by another scheduler, or by hand: the cursor goes on all the same.
  await tx.setCursor(dagId, { nextRun: nextRunOf(version, times, tx.now), lastRun: times });
  return created;
}
