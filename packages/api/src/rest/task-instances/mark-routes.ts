import { AirloomError } from "@airloom/core";
import { z } from "zod";
import type { ApiDeps } from "../../api-deps.ts";
import { integer, repeated } from "../../http/list-query.ts";
import { type AnyRoute, route } from "../../http/route.ts";
import { runIn } from "../find.ts";
import { instancePath, runPath, taskPath } from "../ids.ts";
import { type MarkTarget, patchBody, patchInstances } from "./mark.ts";

const path = "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}";
const maskQuery = z.object({ update_mask: repeated(z.string().max(250)) });
const indexQuery = maskQuery.extend({ map_index: integer.optional() });
const groupPath = runPath.extend({ group_id: z.string().min(1).max(250) });

const targetOf = (params: z.output<typeof taskPath>, mapIndex: number | undefined): MarkTarget => ({
  dagId: params.dag_id,
  runId: params.dag_run_id,
  tasks: [{ taskId: params.task_id, ...(mapIndex === undefined ? {} : { mapIndex }) }],
});

/** Marking by hand: a task, one of its map indexes, or a group; each with a preview. */
export const markRoutes = (deps: ApiDeps): readonly AnyRoute[] =>
  [false, true].flatMap((dryRun) => [taskRoute(deps, dryRun), mappedRoute(deps, dryRun), groupRoute(deps, dryRun)]);

const shared = (dryRun: boolean) => ({
  method: "PATCH" as const,
  can: "trigger and change runs" as const,
  body: patchBody,
  suffix: dryRun ? "/dry_run" : "",
});

function taskRoute(deps: ApiDeps, dryRun: boolean): AnyRoute {
  const { suffix, ...common } = shared(dryRun);
  return route({
    ...common,
    path: `${path}${suffix}`,
    summary: dryRun ? "Patch Task Instance Dry Run" : "Patch Task Instance",
    params: taskPath,
    query: indexQuery,
    handle: ({ params, query, body, actor }) => {
      const target = targetOf(params, query.map_index);
      return patchInstances(deps, actor, { target, patch: body, mask: query.update_mask, dryRun });
    },
  });
}

function mappedRoute(deps: ApiDeps, dryRun: boolean): AnyRoute {
  const { suffix, ...common } = shared(dryRun);
  return route({
    ...common,
    path: `${path}/{map_index}${suffix}`,
    summary: dryRun ? "Patch Mapped Task Instance Dry Run" : "Patch Mapped Task Instance",
    params: instancePath,
    query: maskQuery,
    handle: ({ params, query, body, actor }) => {
      const target = targetOf(params, params.map_index);
      return patchInstances(deps, actor, { target, patch: body, mask: query.update_mask, dryRun });
    },
  });
}

function groupRoute(deps: ApiDeps, dryRun: boolean): AnyRoute {
  const { suffix, ...common } = shared(dryRun);
  return route({
    ...common,
    path: `/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskGroupInstances/{group_id}${suffix}`,
    summary: dryRun ? "Patch Task Group Dry Run" : "Patch Task Group",
    params: groupPath,
    query: maskQuery,
    handle: async ({ params, query, body, actor }) => {
      const target = await groupTarget(deps, params);
      return patchInstances(deps, actor, { target, patch: body, mask: query.update_mask, dryRun });
    },
  });
}

function groupTarget(deps: ApiDeps, { dag_id, dag_run_id, group_id }: z.output<typeof groupPath>): Promise<MarkTarget> {
  return deps.store.tx(async (tx) => {
    const run = await runIn(tx, dag_id, dag_run_id);
    const { graph } = await deps.versions.load(tx, run.versionId);
    const tasks = [...graph.tasks.keys()].filter((id) => id.startsWith(`${group_id}.`)).map((taskId) => ({ taskId }));
    if (tasks.length === 0)
      throw new AirloomError("NOT_FOUND", { what: `Task group "${group_id}" of Dag "${dag_id}"` });
    return { dagId: dag_id, runId: dag_run_id, tasks };
  });
}
