import { advanceLocked, runMoved, taskInstanceMoved, tellRuns } from "./advance-runs.ts";
import type { RunsDeps } from "./deps.ts";
import { lockRuns } from "./locked-run.ts";
import { alone, inBulkheads, listUsable } from "./quarantine.ts";
import { timeOutRun } from "./stop-run.ts";

/** Runs with a retry or a reschedule that is due. @returns how many instances moved. */
export async function wakeDueRuns(deps: RunsDeps, limit = 20): Promise<number> {
  const passes = await inBulkheads(deps, async (tx, { only, note }) => {
    const list = (most: number) => tx.listDueRuns(most);
    const due = await listUsable(tx, { limit, list, keyOf: (runKey) => runKey }, only);
    note(due);
    if (due.length === 0) return { moved: 0, changed: null };
    const runs = await tx.lockRuns([...due].sort((a, b) => a - b));
    const items = runs.map((run) => ({ run, scope: "all" as const, unfinishedDelta: 0 }));
    const changed = await advanceLocked(tx, deps, items);
    return { moved: (await changed.moved).length, changed };
  });
  for (const { changed } of passes) if (changed) await tellRuns(deps, changed);
  return passes.reduce((sum, { moved }) => sum + moved, 0);
}

/** Fails running runs that are older than their Dag's run time-out. @returns how many. */
export async function failTimedOutRuns(deps: RunsDeps, limit = 20): Promise<number> {
  const late = await deps.store.tx((tx) =>
    listUsable(tx, { limit, list: (most) => tx.listTimedOutRuns(most), keyOf: (runKey) => runKey }),
  );
  let failed = 0;
  for (const runKey of late) {
    await alone(deps, runKey, async () => {
      if (await failTimedOut(deps, runKey)) failed += 1;
    });
  }
  return failed;
}

async function failTimedOut(deps: RunsDeps, runKey: number): Promise<boolean> {
  const stopped = await deps.store.tx(async (tx) => {
    const [locked] = await lockRuns(tx, deps, [runKey]);
    return locked ? timeOutRun(locked) : null;
  });
  if (!stopped) return false;
  for (const row of stopped.moved) deps.tell(taskInstanceMoved(row));
  deps.tell(runMoved(stopped.run));
  if (stopped.paused) deps.tell(stopped.paused);
  deps.store.hint("admission");
  deps.store.hint("runs");
  deps.store.hint("wakeup");
  return true;
}
