import { z } from "zod";
import type { ApiDeps } from "../../api-deps.ts";
import { repeated } from "../../http/list-query.ts";
import { type AnyRoute, route } from "../../http/route.ts";
import { pathConditions, runListing } from "../find.ts";
import { dagPath, runPath } from "../ids.ts";
import { deleteRun, patchRun, type RunName, runPatchBody } from "./change-run.ts";
import { clearRun, runClearBody } from "./clear-run.ts";
import { confCondition, runBatch, runBatchQuery, runCollection, runList } from "./run-list.ts";
import { runShape } from "./run-shape.ts";
import { triggerBody, triggerRun } from "./trigger.ts";
import { streamUntilEnd } from "./wait.ts";

const path = "/api/v2/dags/{dag_id}/dagRuns";
const nameOf = ({ dag_id, dag_run_id }: z.output<typeof runPath>): RunName => ({ dagId: dag_id, runId: dag_run_id });

/** Runs. */
export const runRoutes = (deps: ApiDeps): readonly AnyRoute[] => [...listRoutes(deps), ...oneRoutes(deps)];

const listRoutes = (deps: ApiDeps): readonly AnyRoute[] => [
  route({
    method: "GET",
    path,
    summary: "Get Dag Runs",
    can: "read",
    params: dagPath,
    query: runList.query,
    handle: async ({ params, query }) => {
      const where = [...(await pathConditions(deps, params)), ...confCondition(query.conf_contains)];
      return runCollection(await deps.reads.listRuns(runList.toQuery(query, where)));
    },
  }),
  route({
    method: "POST",
    path,
    summary: "Trigger Dag Run",
    can: "trigger and change runs",
    params: dagPath,
    body: triggerBody,
    handle: async ({ params: { dag_id: dagId }, body, actor }) => {
      const runId = await triggerRun(deps, actor, { dagId, body });
      return runShape(await runListing(deps, dagId, runId));
    },
  }),
  route({
    method: "POST",
    path: `${path}/list`,
    summary: "Get List Dag Runs Batch",
    can: "read",
    params: dagPath,
    body: runBatch,
    handle: async ({ params, body }) => {
      const { where, ...page } = runBatchQuery(body);
      const all = [...(await pathConditions(deps, params)), ...where];
      return runCollection(await deps.reads.listRuns({ ...page, where: all }));
    },
  }),
];

const oneRoutes = (deps: ApiDeps): readonly AnyRoute[] => [
  route({
    method: "GET",
    path: `${path}/{dag_run_id}`,
    summary: "Get Dag Run",
    can: "read",
    params: runPath,
    handle: async ({ params }) => runShape(await runListing(deps, params.dag_id, params.dag_run_id)),
  }),
  route({
    method: "PATCH",
    path: `${path}/{dag_run_id}`,
    summary: "Patch Dag Run",
    can: "trigger and change runs",
    params: runPath,
    query: z.object({ update_mask: repeated(z.string().max(250)) }),
    body: runPatchBody,
    handle: async ({ params, query, body, actor }) => {
      await patchRun(deps, actor, { name: nameOf(params), patch: body, mask: query.update_mask });
      return runShape(await runListing(deps, params.dag_id, params.dag_run_id));
    },
  }),
  route({
    method: "DELETE",
    path: `${path}/{dag_run_id}`,
    summary: "Delete Dag Run",
    can: "trigger and change runs",
    status: 204,
    params: runPath,
    handle: ({ params, actor }) => deleteRun(deps, actor, nameOf(params)),
  }),
  route({
    method: "POST",
    path: `${path}/{dag_run_id}/clear`,
    summary: "Clear Dag Run",
    can: "trigger and change runs",
    params: runPath,
    body: runClearBody,
    handle: ({ params, body, actor }) => clearRun(deps, actor, { name: nameOf(params), body }),
  }),
  route({
    method: "GET",
    path: `${path}/{dag_run_id}/wait`,
    summary: "Wait until a Dag Run ends",
    can: "read",
    params: runPath,
    query: z.object({ interval: z.coerce.number().positive().max(3_600), result: repeated(z.string().max(250)) }),
    handle: ({ params, query, reply }) => {
      const options = { intervalSeconds: query.interval, results: query.result ?? [] };
      return streamUntilEnd(deps, reply, { name: nameOf(params), options });
    },
  }),
];
