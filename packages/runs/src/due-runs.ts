import { advanceLocked, runMoved, taskInstanceMoved, tellRuns } from "./advance-runs.ts";
import type { RunsDeps } from "./deps.ts";
import { lockRuns } from "./locked-run.ts";
import { timeOutRun } from "./stop-run.ts";

/** Runs with a retry or a reschedule that is due. @returns how many instances moved. */
export async function wakeDueRuns(deps: RunsDeps, limit = 20): Promise<number> {
  const changed = await deps.store.tx(async (tx) => {
    const due = await tx.listDueRuns(limit);
    if (due.length === 0) return null;
    const runs = await tx.lockRuns([...due].sort((a, b) => a - b));
    return advanceLocked(
      tx,
      deps,
      runs.map((run) => ({ run, scope: "all" as const, unfinishedDelta: 0 })),
    );
  });
  if (changed) await tellRuns(deps, changed);
  return changed?.moved.length ?? 0;
}

/** Fails running runs that are older than their Dag's run time-out. @returns how many. */
export async function failTimedOutRuns(deps: RunsDeps, limit = 20): Promise<number> {
  const late = await deps.store.tx((tx) => tx.listTimedOutRuns(limit));
  let failed = 0;
  for (const runKey of late) {
    const stopped = await deps.store.tx(async (tx) => {
      const [locked] = await lockRuns(tx, deps, [runKey]);
      return locked ? timeOutRun(locked) : null;
    });
    if (!stopped) continue;
    failed += 1;
    for (const row of stopped.moved) deps.tell(taskInstanceMoved(row));
    deps.tell(runMoved(stopped.run));
    deps.store.hint("admission");
    deps.store.hint("runs");
    deps.store.hint("wakeup");
  }
  return failed;
}
