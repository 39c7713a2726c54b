import type { Command } from "commander";
import type { ApiClient } from "../../client/api-client.ts";
import { dagPath, type InstanceEntity, runPath, type TaskEntity } from "../../client/entities.ts";
import { listAll } from "../../client/pages.ts";
import { resolveRunId } from "../../client/run-id.ts";
import { about } from "../../client/unknown-id.ts";
import type { Environment } from "../../context.ts";
import { type GraphTask, graphDot, graphMermaid, graphText } from "../../output/dag-graph.ts";
import { overApi } from "../invocation.ts";

interface ShowFlags {
  readonly mermaid?: true;
  readonly dot?: true;
  readonly run?: string;
}

/** `airloom dags show <dag>`: the graph as text. */
export function addShow(dags: Command, environment: Environment): void {
  overApi<ShowFlags, [dagId: string]>(
    dags
      .command("show")
      .description("draw a Dag's tasks and what each waits for")
      .argument("<dag>")
      .option("--mermaid", "for Markdown pages")
      .option("--dot", "for Graphviz")
      .option("-r, --run <run>", "with the states of this run; latest = the newest"),
    environment,
    async ({ api, print, flags, args: [dagId] }) => {
      const tasks = await graphOf(api, dagId, flags.run);
      if (flags.mermaid) print.raw(graphMermaid(tasks));
      else if (flags.dot) print.raw(graphDot(dagId, tasks));
      else if (print.forPeople) print.raw(`${dagId}: ${tasks.length} tasks\n\n${graphText(tasks, print.paint)}`);
      else print.done("", tasks);
    },
  );
}

async function graphOf(api: ApiClient, dagId: string, run: string | undefined): Promise<readonly GraphTask[]> {
  const { tasks } = await about({ api, ids: { dagId } }, () =>
    api.call<{ tasks: readonly TaskEntity[] }>({ path: `${dagPath(dagId)}/tasks` }),
  );
  const states = run === undefined ? null : await statesOf(api, dagId, await resolveRunId(api, dagId, run));
  return tasks.map((task) => ({
    id: task.task_id,
    downstream: task.downstream_task_ids,
    triggerRule: task.trigger_rule,
    mapped: task.is_mapped === true,
    operator: task.operator_name ?? "task",
    state: states && (states.get(task.task_id) ?? "none"),
  }));
}

/** Of a mapped task the state that matters most: what failed, then what is not finished. */
const weight = [
  "failed",
  "upstream_failed",
  "running",
  "up_for_retry",
  "queued",
  "scheduled",
  "none",
  "skipped",
  "success",
];

async function statesOf(api: ApiClient, dagId: string, runId: string): Promise<ReadonlyMap<string, string>> {
  const instances = await about({ api, ids: { dagId, runId } }, () =>
    listAll<InstanceEntity>(api, { path: `${runPath(dagId, runId)}/taskInstances`, items: "task_instances" }),
  );
  const states = new Map<string, string>();
  for (const { task_id, state } of instances) {
    const before = states.get(task_id);
    const now = state ?? "none";
    if (before === undefined || weight.indexOf(now) < weight.indexOf(before)) states.set(task_id, now);
  }
  return states;
}
