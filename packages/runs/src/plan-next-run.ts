import { parseTimetable } from "@airloom/core";
import type { DagRow, RunTimesRow, Tx } from "@airloom/store";
import type { Version } from "./versions.ts";

/** The run that the Dag's timetable wants next, from the newest it made; null when there is none. */
export function nextRunOf(version: Version, last: RunTimesRow | null, now: Date): RunTimesRow | null {
  const { spec } = version.graph;
  return parseTimetable(spec.schedule).nextRun({
    last,
    startDate: spec.startDate === null ? null : new Date(spec.startDate),
    endDate: spec.endDate === null ? null : new Date(spec.endDate),
    catchup: spec.catchup,
    now,
  });
}

/** Sets the schedule's cursor anew: after a publish or an unpause. Without catch-up, what was missed meanwhile is passed over. */
export async function planNextRun(tx: Tx, dag: DagRow, version: Version): Promise<void> {
  await tx.setCursor(dag.dagId, { nextRun: nextRunOf(version, dag.lastRun, tx.now) });
}
