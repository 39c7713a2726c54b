import { type Explanation, isFinished } from "@airloom/core";
import { z } from "zod";
import type { ApiDeps } from "../../api-deps.ts";
import { iso } from "../../http/instant.ts";
import { integer } from "../../http/list-query.ts";
import { type AnyRoute, route } from "../../http/route.ts";
import { dagIn, instanceIn, runIn } from "../find.ts";
import { instancePath, mapIndexQuery, taskPath } from "../ids.ts";
import { stateShape } from "../task-instances/instance-shape.ts";
import { explainInstance } from "./explain-instance.ts";
import { explainDag, explainRun } from "./explain-run.ts";
import { explainRunQuarantine } from "./quarantine.ts";

const path = "/api/airloom/explain";
const id = z.string().min(1).max(250);

/** Why something is not running, in words: Dags, runs, task instances; and Airflow's list of what blocks an instance. */
export const explainRoutes = (deps: ApiDeps): readonly AnyRoute[] => [...wordRoutes(deps), ...dependencyRoutes(deps)];

const wordRoutes = (deps: ApiDeps): readonly AnyRoute[] => [
  route({
    method: "GET",
    path: `${path}/{dag_id}`,
    summary: "Explain a Dag",
    can: "read",
    params: z.object({ dag_id: id }),
    handle: ({ params: { dag_id } }) =>
      deps.store.tx(async (tx) => {
        const dag = await dagIn(tx, dag_id);
        return { dag_id, next_run_after: iso(dag.nextRun?.runAfter ?? null), ...(await explainDag(tx, dag)) };
      }),
  }),
  route({
    method: "GET",
    path: `${path}/{dag_id}/{run_id}`,
    summary: "Explain a run",
    can: "read",
    params: z.object({ dag_id: id, run_id: id }),
    handle: ({ params: { dag_id, run_id } }) =>
      deps.store.tx(async (tx) => {
        const run = await runIn(tx, dag_id, run_id);
        const aside = await explainRunQuarantine(tx, run);
        if (aside) return { dag_id, run_id, state: run.state, ...aside };
        const version = await deps.versions.load(tx, run.versionId);
        return { dag_id, run_id, state: run.state, ...(await explainRun({ tx, deps, run, version })) };
      }),
  }),
  route({
    method: "GET",
    path: `${path}/{dag_id}/{run_id}/{task_id}`,
    summary: "Explain a task instance",
    can: "read",
    params: z.object({ dag_id: id, run_id: id, task_id: id }),
    query: z.object({ map_index: integer.optional() }),
    handle: async ({ params: { dag_id, run_id, task_id }, query }) => {
      const mapIndex = query.map_index ?? -1;
      const { state, explanation, run } = await explained(deps, {
        dagId: dag_id,
        runId: run_id,
        taskId: task_id,
        mapIndex,
      });
      return { dag_id, run_id, task_id, map_index: mapIndex, state, ...explanation, run };
    },
  }),
];

const dependencyRoutes = (deps: ApiDeps): readonly AnyRoute[] => [
  route({
    method: "GET",
    path: "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/dependencies",
    summary: "Get Task Instance Dependencies",
    can: "read",
    params: taskPath,
    query: mapIndexQuery,
    handle: ({ params, query }) =>
      dependencies(deps, {
        dagId: params.dag_id,
        runId: params.dag_run_id,
        taskId: params.task_id,
        mapIndex: query.map_index,
      }),
  }),
  route({
    method: "GET",
    path: "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/dependencies",
    summary: "Get Mapped Task Instance Dependencies",
    can: "read",
    params: instancePath,
    handle: ({ params }) =>
      dependencies(deps, {
        dagId: params.dag_id,
        runId: params.dag_run_id,
        taskId: params.task_id,
        mapIndex: params.map_index,
      }),
  }),
];

interface Named {
  readonly dagId: string;
  readonly runId: string;
  readonly taskId: string;
  readonly mapIndex: number;
}

/** With the run's own explanation when it is the run that holds the instance up. */
const explained = (deps: ApiDeps, { dagId, runId, taskId, mapIndex }: Named) =>
  deps.store.tx(async (tx) => {
    const run = await runIn(tx, dagId, runId);
    const instance = await instanceIn(tx, run, { taskId, mapIndex });
    const aside = isFinished(instance.state) ? null : await explainRunQuarantine(tx, run);
    if (aside) return { state: stateShape(instance.state), explanation: aside, run: null };
    const at = { tx, deps, run, version: await deps.versions.load(tx, run.versionId) };
    const explanation = await explainInstance(at, instance);
    return {
      state: stateShape(instance.state),
      explanation,
      run: explanation.code === "run_not_running" ? await explainRun(at) : null,
    };
  });

/** States in which nothing holds an instance up: it is handed out, or over. */
const unblocked: ReadonlySet<string | null> = new Set([
  "queued",
  "running",
  "success",
  "failed",
  "skipped",
  "upstream_failed",
  "removed",
]);

async function dependencies(deps: ApiDeps, named: Named) {
  const { state, explanation, run } = await explained(deps, named);
  const passes = explanation.code === state || explanation.code === "none";
  const reasons = unblocked.has(state) || passes ? [] : [explanation, ...(run ? [run] : [])];
  return { dependencies: reasons.map(dependency) };
}

const dependency = ({ code, title, detail }: Explanation) => ({
  name: code,
  reason: detail === "" ? title : `${title}. ${detail}`,
});
