import { taskInstanceStates } from "@airloom/core";
import type { Condition, TaskInstanceField } from "@airloom/store";
import { z } from "zod";
import type { ApiDeps } from "../../api-deps.ts";
import { listOf } from "../../http/list-query.ts";
import { is } from "../find.ts";
import { batchPaging, rangeConditions, rangeFields } from "../runs/run-list.ts";

const states = taskInstanceStates.filter((state) => state !== "none");

/** What lists of task instances understand. */
export const instanceList = listOf<TaskInstanceField>(
  {
    orderBy: {
      id: "id",
      state: "state",
      task_id: "taskId",
      task_display_name: "taskId",
      dag_id: "dagId",
      run_id: "runId",
      dag_run_id: "runId",
      map_index: "mapIndex",
      rendered_map_index: "mapIndex",
      try_number: "tryNumber",
      max_tries: "maxTries",
      pool: "pool",
      queue: "queue",
      executor: "executor",
      operator: "operator",
      operator_name: "operator",
      priority_weight: "priority",
      logical_date: "logicalDate",
      run_after: "runAfter",
      start_date: "startedAt",
      end_date: "endedAt",
      duration: "duration",
      queued_when: "queuedAt",
      scheduled_when: "scheduledAt",
      updated_at: "updatedAt",
    },
    anyOf: {
      task_id: { field: "taskId", of: "text" },
      state: { field: "state", of: states, nullable: true },
      pool: { field: "pool", of: "text" },
      queue: { field: "queue", of: "text" },
      executor: { field: "executor", of: "text" },
      version_number: { field: "versionNumber", of: "integer" },
      try_number: { field: "tryNumber", of: "integer" },
      operator: { field: "operator", of: "text" },
      map_index: { field: "mapIndex", of: "integer" },
    },
    text: {
      task_id: "taskId",
      task_display_name: "taskId",
      dag_id: "dagId",
      run_id: "runId",
      pool_name: "pool",
      queue_name: "queue",
      operator_name: "operator",
    },
    range: {
      run_after: { field: "runAfter", of: "instant" },
      logical_date: { field: "logicalDate", of: "instant" },
      start_date: { field: "startedAt", of: "instant" },
      end_date: { field: "endedAt", of: "instant" },
      updated_at: { field: "updatedAt", of: "instant" },
      duration: { field: "duration", of: "number" },
    },
  },
  { task_group_id: z.string().max(250).optional() },
);

/** Tasks of a group and of the groups in it carry its id in theirs. */
export const groupCondition = (groupId: unknown): readonly Condition<TaskInstanceField>[] =>
  typeof groupId === "string" ? [{ kind: "prefix", field: "taskId", prefixes: [`${groupId}.`] }] : [];

const texts = z.array(z.string().max(250)).max(1_000).nullish();

/** Body of `POST taskInstances/list`. */
export const instanceBatch = z.strictObject({
  ...batchPaging,
  ...rangeFields,
  dag_ids: texts,
  dag_run_ids: texts,
  task_ids: texts,
  state: z.array(z.enum(taskInstanceStates as [string, ...string[]]).nullable()).nullish(),
  pool: texts,
  queue: texts,
  executor: texts,
});

const fieldsOfBatch = {
  dag_ids: "dagId",
  dag_run_ids: "runId",
  task_ids: "taskId",
  pool: "pool",
  queue: "queue",
  executor: "executor",
} as const;

export function listBatch(
  { reads }: ApiDeps,
  body: z.output<typeof instanceBatch>,
  where: readonly Condition<TaskInstanceField>[],
) {
  const page = {
    limit: body.page_limit,
    offset: body.page_offset,
    order_by: body.order_by ? [body.order_by] : undefined,
  };
  const named = Object.entries(fieldsOfBatch).flatMap(([name, field]) => {
    const values = body[name as keyof typeof fieldsOfBatch];
    return values ? [is<TaskInstanceField>(field, ...values)] : [];
  });
  const states = body.state ? [is<TaskInstanceField>("state", ...body.state.map((state) => state ?? "none"))] : [];
  return reads.listTaskInstances(instanceList.toQuery(page, [...where, ...named, ...states, ...rangeConditions(body)]));
}
