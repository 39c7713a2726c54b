import type { Version } from "@airloom/runs";
import { type Listed, listLimit, type TaskInstanceListing, type TaskInstanceRow } from "@airloom/store";
import type { ApiDeps } from "../../api-deps.ts";
import { iso, secondsBetween } from "../../http/instant.ts";
import { versionShape } from "../dags/dag-shape.ts";
import { instanceListings, versionsOf } from "../find.ts";

/** A state as Airflow's clients know it: null before anything was decided. */
export const stateShape = (state: string): string | null => (state === "none" ? null : state);

/** A task instance as `TaskInstanceResponse`. */
export function instanceShape(instance: TaskInstanceListing, version: Version | undefined) {
  const task = version?.graph.tasks.get(instance.taskId);
  return {
    id: instance.id,
    task_id: instance.taskId,
    dag_id: instance.dagId,
    dag_run_id: instance.runId,
    map_index: instance.mapIndex,
    logical_date: iso(instance.logicalDate),
    run_after: iso(instance.runAfter),
    start_date: iso(instance.startedAt),
    end_date: iso(instance.endedAt),
    duration: secondsBetween(instance.startedAt, instance.endedAt),
    state: stateShape(instance.state),
    try_number: instance.tryNumber,
    max_tries: instance.maxTries,
    task_display_name: task?.displayName ?? instance.taskId,
    dag_display_name: instance.displayName,
    hostname: instance.hostname,
    unixname: null,
    pool: instance.pool,
    pool_slots: instance.poolSlots,
    queue: instance.queue,
    priority_weight: instance.priority,
    operator: instance.operator,
    operator_name: instance.operator,
    queued_when: iso(instance.queuedAt),
    scheduled_when: iso(instance.scheduledAt),
    pid: instance.pid,
    executor: instance.executor,
    executor_config: "{}",
    note: instance.note,
    rendered_map_index: instance.mapIndex < 0 ? null : String(instance.mapIndex),
    rendered_fields: {},
    trigger: null,
    triggerer_job: null,
    dag_version: versionShape(instance),
    team_name: null,
  };
}

/** As `TaskInstanceCollectionResponse`. */
export async function instanceCollection(deps: ApiDeps, { rows, total, capped }: Listed<TaskInstanceListing>) {
  const versions = await versionsOf(
    deps,
    rows.map((row) => row.versionId),
  );
  return {
    task_instances: rows.map((row) => instanceShape(row, versions.get(row.versionId))),
    total_entries: total,
    total_entries_limit: capped ? listLimit : null,
    next_cursor: null,
    previous_cursor: null,
  };
}

/** The same of rows that something was, or would be, done to: all of them, whatever the page size. */
export async function instanceCollectionOf(deps: ApiDeps, instances: readonly TaskInstanceRow[]) {
  const rows = await instanceListings(
    deps,
    instances.map((row) => row.id),
  );
  return instanceCollection(deps, { rows, total: rows.length, capped: false });
}
