import { commitPoint, failpoint, runId } from "@airloom/core";
import { type Created, createAndStart, nextRunOf, type RunsDeps, tellCreated } from "@airloom/runs";
import type { Tx } from "@airloom/store";

/** Dags whose next run could not be made, and when each is tried again: at once when there is a new version. */
export type TroubledDags = Map<
  string,
  { readonly versionId: string; readonly failures: number; readonly retryAt: number }
>;

export interface DueRunsOptions {
  readonly onError: (dagId: string, error: unknown) => void;
  /** Kept from pass to pass: one Dag's error neither stops the others nor comes back with every pass. */
  readonly troubled?: TroubledDags;
  /** Dags looked at in one pass. @default 50 */
  readonly limit?: number;
}

const maxRetryMs = 60_000;

/**
 * Makes the scheduled runs that are due. The run and the cursor's advance are one transaction per Dag, and one Dag's error does
 * not stop the others.
 * @returns whether any was made.
 */
export async function createDueRuns(
  deps: RunsDeps,
  { onError, troubled = new Map(), limit = 50 }: DueRunsOptions,
): Promise<boolean> {
  const { due, now } = await listDue(deps, troubled, limit);
  let made = 0;
  for (const { dagId, versionId } of due) {
    try {
      if (globalThis.FAILPOINTS) await failpoint(`sched.dag.${dagId}`);
      const created = await deps.store.tx((tx) => createDueRun(tx, deps, dagId));
      troubled.delete(dagId);
      if (!created) continue;
      made += 1;
      await tellCreated(deps, created);
    } catch (error) {
      const failures = (troubled.get(dagId)?.failures ?? 0) + 1;
      troubled.set(dagId, { versionId, failures, retryAt: now + Math.min(maxRetryMs, 1_000 * 2 ** failures) });
      onError(dagId, error);
    }
  }
  return made > 0;
}

/** Those in trouble are due all the time and stand first, so the list is longer by them. */
async function listDue({ store }: RunsDeps, troubled: TroubledDags, limit: number) {
  return store.tx(async (tx) => {
    const dags = await tx.listDueDags(limit + troubled.size);
    const now = tx.now.getTime();
    const listed = new Set(dags.map(({ dagId }) => dagId));
    for (const dagId of troubled.keys()) if (!listed.has(dagId)) troubled.delete(dagId);
    const due = dags.filter(({ dagId, versionId }) => {
      const trouble = troubled.get(dagId);
      return trouble?.versionId !== versionId || trouble.retryAt <= now;
    });
    return { due: due.slice(0, limit), now };
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
