import type { DagRunField, TaskInstanceField, XComField } from "@airloom/store";
import { runFields } from "../dag-run/run-fields.ts";
import { instanceFields } from "../task-instance/instance-fields.ts";
import type { ListSource } from "./list.ts";

const secondsOf = (alias: string): string => `extract(epoch from ${alias}.ended_at - ${alias}.started_at)`;
const versionFacts = `r.version_id as "versionId", v.number as "versionNumber", v.created_at as "versionCreatedAt"`;
const ofRun = "left join dag d on d.dag_id = r.dag_id left join dag_version v on v.id = r.version_id";

export const runList: ListSource<DagRunField> = {
  select: `${runFields}, ${versionFacts}, d.display_name as "displayName"`,
  from: `dag_run r ${ofRun}`,
  id: "r.key",
  fields: {
    key: "r.key",
    dagId: "r.dag_id",
    displayName: "d.display_name",
    runId: "r.run_id",
    runType: "r.run_type",
    state: "r.state",
    conf: "r.conf::text",
    logicalDate: "r.logical_date",
    runAfter: "r.run_after",
    startedAt: "r.started_at",
    endedAt: "r.ended_at",
    duration: secondsOf("r"),
    queuedAt: "r.queued_at",
    updatedAt: "r.updated_at",
    triggeringUser: "r.triggering_user",
    versionNumber: "v.number",
    note: "r.note",
  },
  key: ["key"],
};

/** In the order of the index that every run's instances are found by, so that a page of one run, and of all, is read in place. */
export const instanceList: ListSource<TaskInstanceField> = {
  select: `${instanceFields}, ${versionFacts}, d.display_name as "displayName", r.run_id as "runId", r.run_type as "runType",
    r.logical_date as "logicalDate", r.run_after as "runAfter", a.hostname, a.pid`,
  from: `task_instance ti left join dag_run r on r.key = ti.run_key ${ofRun}
    left join attempt a on a.task_instance_id = ti.id and a.attempt = ti.attempt`,
  id: "ti.id",
  fields: {
    id: "ti.id",
    runKey: "ti.run_key",
    dagId: "r.dag_id",
    displayName: "d.display_name",
    runId: "r.run_id",
    runType: "r.run_type",
    taskId: "ti.task_id",
    mapIndex: "ti.map_index",
    state: "ti.state",
    pool: "ti.pool",
    queue: "ti.queue",
    executor: "ti.executor",
    operator: "ti.operator",
    tryNumber: "ti.try_number",
    maxTries: "ti.max_tries",
    priority: "ti.priority",
    versionNumber: "v.number",
    logicalDate: "r.logical_date",
    runAfter: "r.run_after",
    startedAt: "ti.started_at",
    endedAt: "ti.ended_at",
    duration: secondsOf("ti"),
    queuedAt: "ti.queued_at",
    scheduledAt: "ti.scheduled_at",
    updatedAt: "ti.updated_at",
    note: "ti.note",
  },
  key: ["runKey", "taskId", "mapIndex"],
};

export const xcomList: ListSource<XComField> = {
  select: `x.run_key as "runKey", x.task_id as "taskId", x.map_index as "mapIndex", x.key, x.size, x.length,
    x.updated_at as "updatedAt", r.dag_id as "dagId", r.run_id as "runId", r.version_id as "versionId",
    r.logical_date as "logicalDate", r.run_after as "runAfter", d.display_name as "displayName"`,
  from: "xcom x left join dag_run r on r.key = x.run_key left join dag d on d.dag_id = r.dag_id",
  fields: {
    key: "x.key",
    dagId: "r.dag_id",
    displayName: "d.display_name",
    runId: "r.run_id",
    runKey: "x.run_key",
    taskId: "x.task_id",
    mapIndex: "x.map_index",
    updatedAt: "x.updated_at",
    logicalDate: "r.logical_date",
    runAfter: "r.run_after",
  },
  key: ["runKey", "taskId", "mapIndex", "key"],
};
