import type { DagRunListing } from "@airloom/store";
import { iso, secondsBetween } from "../../http/instant.ts";
import { versionShape } from "../dags/dag-shape.ts";

/** A run as `DAGRunResponse`. */
export const runShape = (run: DagRunListing) => ({
  dag_run_id: run.runId,
  dag_id: run.dagId,
  logical_date: iso(run.logicalDate),
  queued_at: iso(run.queuedAt),
  start_date: iso(run.startedAt),
  end_date: iso(run.endedAt),
  duration: secondsBetween(run.startedAt, run.endedAt),
  data_interval_start: iso(run.intervalStart),
  data_interval_end: iso(run.intervalEnd),
  run_after: iso(run.runAfter),
  last_scheduling_decision: iso(run.lastDecisionAt),
  run_type: run.runType,
  state: run.state,
  triggered_by: run.triggeredBy,
  triggering_user_name: run.triggeringUser,
  conf: run.conf,
  note: run.note,
  dag_versions: [versionShape(run)],
  bundle_version: null,
  dag_display_name: run.displayName,
  partition_key: null,
  partition_date: null,
  team_name: null,
});
