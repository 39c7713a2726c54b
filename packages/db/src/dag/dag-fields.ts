import type { DagRow, DagVersionRow, RunTimesRow } from "@airloom/store";
import { fieldsOf, selectList } from "../connection/select-list.ts";

type Times = "LogicalDate" | "IntervalStart" | "IntervalEnd" | "RunAfter";

/** A Dag's columns as they come: the two sets of times stand flat in the row. */
export type FlatDag = Omit<DagRow, "nextRun" | "lastRun"> & {
  readonly [Name in `${"next" | "last"}${Times}`]: Date | null;
};

const fields = fieldsOf<FlatDag>()([
  "dagId",
  "isPaused",
  "isStale",
  "file",
  "versionId",
  "versionNumber",
  "maxActiveRuns",
  "maxActiveTasks",
  "maxConsecutiveFailedRuns",
  "lastParsedAt",
  "nextLogicalDate",
  "nextIntervalStart",
  "nextIntervalEnd",
  "nextRunAfter",
  "lastLogicalDate",
  "lastIntervalStart",
  "lastIntervalEnd",
  "lastRunAfter",
]);

/** The columns of a `FlatDag`, from `dag d`. */
export const dagFields = selectList("d", fields);

function timesOf(row: FlatDag, which: "next" | "last"): RunTimesRow | null {
  const logicalDate = row[`${which}LogicalDate`];
  const intervalStart = row[`${which}IntervalStart`];
  const intervalEnd = row[`${which}IntervalEnd`];
  const runAfter = row[`${which}RunAfter`];
  return logicalDate && intervalStart && intervalEnd && runAfter
    ? { logicalDate, intervalStart, intervalEnd, runAfter }
    : null;
}

/** The times of a run as parameters: all four, or four nulls. */
export const timeValues = (times: RunTimesRow | null): readonly (Date | null)[] =>
  times ? [times.logicalDate, times.intervalStart, times.intervalEnd, times.runAfter] : [null, null, null, null];

export const toDagRow = (row: FlatDag): DagRow => ({
  dagId: row.dagId,
  isPaused: row.isPaused,
  isStale: row.isStale,
  file: row.file,
  versionId: row.versionId,
  versionNumber: row.versionNumber,
  maxActiveRuns: row.maxActiveRuns,
  maxActiveTasks: row.maxActiveTasks,
  maxConsecutiveFailedRuns: row.maxConsecutiveFailedRuns,
  nextRun: timesOf(row, "next"),
  lastRun: timesOf(row, "last"),
  lastParsedAt: row.lastParsedAt,
});

const ofVersion = fieldsOf<DagVersionRow>()(["id", "dagId", "number", "spec", "specHash", "artifactId", "createdAt"]);

/** The columns of a `DagVersionRow`, from `dag_version v`. */
export const versionFields = selectList("v", ofVersion);
