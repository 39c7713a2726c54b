import { AirloomError, type TaskSelection } from "@airloom/core";
import { clearTasks } from "@airloom/runs";
import type { TaskInstanceRow, Tx } from "@airloom/store";
import { z } from "zod";
import type { ApiDeps } from "../../api-deps.ts";
import type { Actor } from "../../auth/permissions.ts";
import { instant } from "../../http/instant.ts";
import { type AnyRoute, route } from "../../http/route.ts";
import { record, together } from "../audit.ts";
import { dagIn, runIn } from "../find.ts";
import { dagPath } from "../ids.ts";
import { refuseVersionChange } from "../runs/clear-run.ts";
import { runsAround, runsBetween } from "../runs/runs-around.ts";
import { instanceCollectionOf } from "./instance-shape.ts";

const id = z.string().min(1).max(250);
const clearBody = z.strictObject({
  dry_run: z.boolean().default(true),
  start_date: instant.nullish(),
  end_date: instant.nullish(),
  only_failed: z.boolean().default(true),
  only_running: z.boolean().default(false),
  reset_dag_runs: z.boolean().default(true),
  task_ids: z
    .array(z.union([id, z.tuple([id, z.number().int()])]))
    .max(10_000)
    .nullish(),
  dag_run_id: id.nullish(),
  include_upstream: z.boolean().default(false),
  include_downstream: z.boolean().default(false),
  include_future: z.boolean().default(false),
  include_past: z.boolean().default(false),
  run_on_latest_version: z.boolean().nullish(),
  prevent_running_task: z.boolean().default(false),
  note: z.string().max(1_000).nullish(),
});
type ClearBody = z.output<typeof clearBody>;

/** Clearing: what is selected runs again. It only says what it would do, unless told otherwise. */
export const clearRoutes = (deps: ApiDeps): readonly AnyRoute[] => [
  route({
    method: "POST",
    path: "/api/v2/dags/{dag_id}/clearTaskInstances",
    summary: "Post Clear Task Instances",
    can: "trigger and change runs",
    params: dagPath,
    body: clearBody,
    handle: ({ params, body, actor }) => clearInstances(deps, actor, { dagId: params.dag_id, body }),
  }),
];

interface ClearRequest {
  readonly dagId: string;
  readonly body: ClearBody;
}

async function clearInstances(deps: ApiDeps, actor: Actor, request: ClearRequest) {
  const { dagId, body } = request;
  refuseVersionChange(body);
  if (!body.reset_dag_runs)
    throw new AirloomError("BAD_REQUEST", {
      reason: "A run that is over starts again when tasks of it are cleared: reset_dag_runs cannot be false.",
    });
  const runKeys = await runsOf(deps, request);
  const tasks =
    body.task_ids?.map((one) => (typeof one === "string" ? { taskId: one } : { taskId: one[0], mapIndex: one[1] })) ??
    null;
  const cleared = await together(deps, async (tx, inside) => {
    if (tasks) await checkTasks(tx, deps, { runKeys, tasks, dagId });
    const options = optionsOf(body, tasks);
    const found: TaskInstanceRow[] = [];
    for (const runKey of runKeys)
      found.push(
        ...(await clearTasks(inside, runKey, { ...options, dryRun: body.dry_run || body.prevent_running_task }))
          .instances,
      );
    if (body.prevent_running_task) {
      refuseRunning(found);
      if (!body.dry_run) for (const runKey of runKeys) await clearTasks(inside, runKey, options);
    }
    if (body.dry_run) return found;
    if (body.note !== undefined)
      await tx.setTaskInstanceNotes(
        found.map((row) => row.id),
        body.note ?? null,
      );
    await recordClear(tx, actor, request);
    return found;
  });
  return instanceCollectionOf(deps, cleared);
}

const optionsOf = (body: ClearBody, tasks: TaskSelection["tasks"]) => ({
  tasks,
  onlyFailed: body.only_failed,
  onlyRunning: body.only_running,
  includeUpstream: body.include_upstream,
  includeDownstream: body.include_downstream,
});

async function runsOf(deps: ApiDeps, { dagId, body }: ClearRequest): Promise<readonly number[]> {
  const { dag_run_id: runId, start_date, end_date } = body;
  const run = await deps.store.tx(async (tx) => {
    await dagIn(tx, dagId);
    return runId ? runIn(tx, dagId, runId) : null;
  });
  if (run) return runsAround(deps, run, body);
  return runsBetween(deps, dagId, { from: start_date ?? null, to: end_date ?? null });
}

async function checkTasks(
  tx: Tx,
  deps: ApiDeps,
  {
    runKeys,
    tasks,
    dagId,
  }: {
    readonly runKeys: readonly number[];
    readonly tasks: NonNullable<TaskSelection["tasks"]>;
    readonly dagId: string;
  },
): Promise<void> {
  const versionIds = new Set((await tx.listRunsByKey(runKeys)).map((run) => run.versionId));
  const known = new Set<string>();
  for (const versionId of versionIds)
    for (const taskId of (await deps.versions.load(tx, versionId)).graph.tasks.keys()) known.add(taskId);
  const unknown = tasks.filter(({ taskId }) => !known.has(taskId)).map(({ taskId }) => taskId);
  if (runKeys.length > 0 && unknown.length > 0)
    throw new AirloomError("NOT_FOUND", { what: `Task "${unknown.join('", "')}" of Dag "${dagId}"` });
}

function refuseRunning(rows: readonly TaskInstanceRow[]): void {
  const running = rows.filter((row) => row.state === "running");
  if (running.length > 0)
    throw new AirloomError("CONFLICT", {
      reason: `${running.map((row) => row.taskId).join(", ")} is running; prevent_running_task was set, so nothing was cleared.`,
    });
}

function recordClear(tx: Tx, actor: Actor, { dagId, body }: ClearRequest): Promise<void> {
  const { only_failed, only_running, include_upstream, include_downstream, include_future, include_past } = body;
  return record(tx, actor, {
    event: "post_clear_task_instances",
    dagId,
    ...(body.dag_run_id ? { runId: body.dag_run_id } : {}),
    detail: {
      task_ids: body.task_ids?.map((one) => (typeof one === "string" ? one : [...one])) ?? null,
      only_failed,
      only_running,
      include_upstream,
      include_downstream,
      include_future,
      include_past,
    },
  });
}
