import { AirloomError } from "@airloom/core";
import type { z } from "zod";
import type { ApiDeps } from "../../api-deps.ts";
import { type AnyRoute, route } from "../../http/route.ts";
import { dagIn, first, is, pathConditions, runIn, versionsOf } from "../find.ts";
import { instancePath, mapIndexQuery, runPath, taskPath } from "../ids.ts";
import { groupCondition, instanceBatch, instanceList, listBatch } from "./instance-list.ts";
import { instanceCollection, instanceShape } from "./instance-shape.ts";

const path = "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances";

/** Where an instance stands. */
export interface InstanceName {
  readonly dagId: string;
  readonly runId: string;
  readonly taskId: string;
  readonly mapIndex: number;
}

export const instanceName = (params: z.output<typeof taskPath>, mapIndex: number): InstanceName => ({
  dagId: params.dag_id,
  runId: params.dag_run_id,
  taskId: params.task_id,
  mapIndex,
});

/** Task instances: lists and single ones. */
export const instanceRoutes = (deps: ApiDeps): readonly AnyRoute[] => [
  route({
    method: "GET",
    path,
    summary: "Get Task Instances",
    can: "read",
    params: runPath,
    query: instanceList.query,
    handle: async ({ params, query }) => {
      const where = [...(await pathConditions(deps, params)), ...groupCondition(query.task_group_id)];
      return instanceCollection(deps, await deps.reads.listTaskInstances(instanceList.toQuery(query, where)));
    },
  }),
  route({
    method: "POST",
    path: `${path}/list`,
    summary: "Get Task Instances Batch",
    can: "read",
    params: runPath,
    body: instanceBatch,
    handle: async ({ params, body }) =>
      instanceCollection(deps, await listBatch(deps, body, await pathConditions(deps, params))),
  }),
  route({
    method: "GET",
    path: `${path}/{task_id}`,
    summary: "Get Task Instance",
    can: "read",
    params: taskPath,
    handle: ({ params }) => oneInstance(deps, instanceName(params, -1)),
  }),
  route({
    method: "GET",
    path: `${path}/{task_id}/{map_index}`,
    summary: "Get Mapped Task Instance",
    can: "read",
    params: instancePath,
    handle: ({ params }) => oneInstance(deps, instanceName(params, params.map_index)),
  }),
  route({
    method: "GET",
    path: `${path}/{task_id}/listMapped`,
    summary: "Get Mapped Task Instances",
    can: "read",
    params: taskPath,
    query: instanceList.query,
    handle: async ({ params, query }) => {
      await checkMapped(deps, params);
      const where = [
        ...(await pathConditions(deps, params)),
        is("taskId" as const, params.task_id),
        { kind: "compare" as const, field: "mapIndex" as const, is: ">=" as const, value: 0 },
      ];
      return instanceCollection(deps, await deps.reads.listTaskInstances(instanceList.toQuery(query, where)));
    },
  }),
  route({
    method: "GET",
    path: `${path}/{task_id}/links`,
    summary: "Get Extra Links",
    can: "read",
    params: taskPath,
    query: mapIndexQuery,
    handle: async ({ params, query }) => {
      await oneInstance(deps, instanceName(params, query.map_index));
      return { extra_links: {}, total_entries: 0 };
    },
  }),
];

/** @throws NOT_FOUND */
async function oneInstance(deps: ApiDeps, { dagId, runId, taskId, mapIndex }: InstanceName) {
  const where = [is("dagId" as const, dagId), is("runId" as const, runId), is("taskId" as const, taskId)];
  const { rows } = await deps.reads.listTaskInstances(first(1, ...where, is("mapIndex", mapIndex)));
  const [row] = rows;
  if (!row) {
    const others = (await deps.reads.listTaskInstances(first(1, ...where))).rows;
    const hint = others.length > 0 ? "It is a mapped task: add a map index to the path." : undefined;
    throw new AirloomError("NOT_FOUND", { what: `Task "${taskId}" in run "${runId}" of Dag "${dagId}"`, hint });
  }
  return instanceShape(row, (await versionsOf(deps, [row.versionId])).get(row.versionId));
}

async function checkMapped(deps: ApiDeps, { dag_id, dag_run_id, task_id }: z.output<typeof taskPath>): Promise<void> {
  await deps.store.tx(async (tx) => {
    await dagIn(tx, dag_id);
    const run = await runIn(tx, dag_id, dag_run_id);
    const task = (await deps.versions.load(tx, run.versionId)).graph.tasks.get(task_id);
    if (!task) throw new AirloomError("NOT_FOUND", { what: `Task "${task_id}" of Dag "${dag_id}"` });
    if (!task.mapped)
      throw new AirloomError("NOT_FOUND", {
        what: `A mapped task "${task_id}" of Dag "${dag_id}"`,
        hint: "This task is not mapped.",
      });
  });
}
