import { AirloomError, type TaskSpec } from "@airloom/core";
import type { Version } from "@airloom/runs";
import { z } from "zod";
import type { ApiDeps } from "../../api-deps.ts";
import { type AnyRoute, route } from "../../http/route.ts";
import { dagIn } from "../find.ts";
import { dagPath } from "../ids.ts";

/** The tasks of a Dag's newest version. */
export const taskRoutes = (deps: ApiDeps): readonly AnyRoute[] => [
  route({
    method: "GET",
    path: "/api/v2/dags/{dag_id}/tasks",
    summary: "Get Tasks",
    can: "read",
    params: dagPath,
    query: z.object({ order_by: z.string().max(250).default("task_id") }),
    handle: async ({ params, query }) => {
      const version = await newestVersion(deps, params.dag_id);
      const tasks = inOrder(
        [...version.graph.tasks.values()].map((task) => taskShape(task, version)),
        query.order_by,
      );
      return { tasks, total_entries: tasks.length };
    },
  }),
  route({
    method: "GET",
    path: "/api/v2/dags/{dag_id}/tasks/{task_id}",
    summary: "Get Task",
    can: "read",
    params: dagPath.extend({ task_id: z.string().min(1).max(250) }),
    handle: async ({ params: { dag_id, task_id } }) => {
      const version = await newestVersion(deps, dag_id);
      const task = version.graph.tasks.get(task_id);
      if (!task) throw new AirloomError("NOT_FOUND", { what: `Task "${task_id}" of Dag "${dag_id}"` });
      return taskShape(task, version);
    },
  }),
];

const newestVersion = (deps: ApiDeps, dagId: string): Promise<Version> =>
  deps.store.tx(async (tx) => deps.versions.load(tx, (await dagIn(tx, dagId)).versionId));

/** A task as `TaskResponse`. */
function taskShape(task: TaskSpec, { graph }: Version) {
  return {
    task_id: task.id,
    task_display_name: task.displayName,
    owner: graph.spec.owners[0] ?? "airflow",
    start_date: graph.spec.startDate,
    end_date: graph.spec.endDate,
    trigger_rule: task.triggerRule,
    depends_on_past: task.dependsOnPast,
    wait_for_downstream: task.waitForDownstream,
    retries: task.retries,
    queue: task.queue,
    pool: task.pool,
    pool_slots: task.poolSlots,
    execution_timeout: timeDelta(task.executionTimeoutSeconds),
    retry_delay: timeDelta(task.retryDelaySeconds),
    // Airflow's 0 = no growth.
    retry_exponential_backoff: task.retryBackoff === 1 ? 0 : task.retryBackoff,
    priority_weight: task.priorityWeight,
    weight_rule: task.weightRule,
    ui_color: null,
    ui_fgcolor: null,
    template_fields: [],
    downstream_task_ids: graph.downstream.get(task.id) ?? [],
    doc_md: task.docMd,
    operator_name: task.operator,
    params: {},
    class_ref: { module_path: "airloom", class_name: task.operator },
    is_mapped: task.mapped,
    extra_links: [],
  };
}

type TaskShape = ReturnType<typeof taskShape>;

function timeDelta(seconds: number | null) {
  if (seconds === null) return null;
  const days = Math.floor(seconds / 86_400);
  const rest = seconds - days * 86_400;
  return {
    __type: "TimeDelta",
    days,
    seconds: Math.floor(rest),
    microseconds: Math.round((rest - Math.floor(rest)) * 1_000_000),
  };
}

const sortable = [
  "task_id",
  "task_display_name",
  "owner",
  "trigger_rule",
  "queue",
  "pool",
  "pool_slots",
  "priority_weight",
  "retries",
  "operator_name",
] as const;

function inOrder(tasks: readonly TaskShape[], orderBy: string): readonly TaskShape[] {
  const name = sortable.find((one) => one === orderBy.replace(/^-/, ""));
  if (!name)
    throw new AirloomError("BAD_REQUEST", {
      reason: `It cannot be ordered by "${orderBy}"; it can be by ${sortable.join(", ")}.`,
    });
  const sorted = tasks.toSorted((a, b) => (a[name] < b[name] ? -1 : a[name] > b[name] ? 1 : 0));
  return orderBy.startsWith("-") ? sorted.reverse() : sorted;
}
