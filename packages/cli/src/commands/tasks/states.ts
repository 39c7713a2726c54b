import type { Command } from "commander";
import {
  dagPath,
  type InstanceEntity,
  instanceName,
  instancePath,
  runPath,
  type TaskEntity,
} from "../../client/entities.ts";
import { listAll } from "../../client/pages.ts";
import { resolveRunId } from "../../client/run-id.ts";
import { about } from "../../client/unknown-id.ts";
import type { Environment } from "../../context.ts";
import { momentText, secondsText } from "../../output/moment.ts";
import type { Printer } from "../../output/printer.ts";
import type { Column } from "../../output/table.ts";
import { wholeNumber } from "../arguments.ts";
import { overApi } from "../invocation.ts";

const taskColumns: readonly Column<TaskEntity>[] = [
  { title: "TASK", text: ({ task_id, is_mapped }) => (is_mapped ? `${task_id}[]` : task_id) },
  { title: "OPERATOR", text: ({ operator_name }) => operator_name ?? "-" },
  { title: "RULE", text: ({ trigger_rule }) => trigger_rule },
  { title: "RETRIES", text: ({ retries }) => String(retries ?? 0), right: true },
  { title: "POOL", text: ({ pool }) => pool ?? "-" },
  { title: "DOWNSTREAM", text: ({ downstream_task_ids }) => downstream_task_ids.join(", ") || "-" },
];

const instanceColumns = ({ paint }: Printer): readonly Column<InstanceEntity>[] => [
  { title: "TASK", text: instanceName },
  { title: "STATE", text: ({ state }) => state ?? "none", paint: (text, { state }) => paint(text, state ?? "none") },
  { title: "TRY", text: ({ try_number }) => String(try_number), right: true },
  { title: "STARTED", text: ({ start_date }) => momentText(start_date) },
  { title: "TOOK", text: ({ duration }) => secondsText(duration), right: true },
  { title: "NOTE", text: ({ note }) => note ?? "-" },
];

/** `list`, `state`, `states-for-dag-run`, `failed-deps`. */
export function addStates(tasks: Command, environment: Environment): void {
  overApi<object, [dagId: string]>(
    tasks.command("list").description("list the tasks of a Dag").argument("<dag>"),
    environment,
    async ({ api, print, args: [dagId] }) => {
      const found = await about({ api, ids: { dagId } }, () =>
        api.call<{ tasks: readonly TaskEntity[] }>({ path: `${dagPath(dagId)}/tasks` }),
      );
      print.rows(taskColumns, found.tasks, `${dagId} has no tasks.`);
    },
  );
  overApi<object, [dagId: string, run: string]>(
    tasks
      .command("states-for-dag-run")
      .description("list the states of all tasks in a run")
      .argument("<dag>")
      .argument("<run>", "its id, or latest"),
    environment,
    async ({ api, print, args: [dagId, run] }) => {
      const runId = await resolveRunId(api, dagId, run);
      const found = await about({ api, ids: { dagId, runId } }, () =>
        listAll<InstanceEntity>(api, { path: `${runPath(dagId, runId)}/taskInstances`, items: "task_instances" }),
      );
      print.rows(instanceColumns(print), found, "The run has no tasks.");
    },
  );
  addOfOneInstance(tasks, environment);
}

interface IndexFlags {
  readonly mapIndex?: number;
}

const withInstance = (command: Command): Command =>
  command
    .argument("<dag>")
    .argument("<run>", "its id, or latest")
    .argument("<task>")
    .option("--map-index <n>", "of a mapped task: which element", wholeNumber(-1));

/** `…/taskInstances/{task}` or `…/{task}/{index}`. */
export const indexedPath = (path: string, mapIndex: number | undefined): string =>
  mapIndex === undefined || mapIndex < 0 ? path : `${path}/${mapIndex}`;

function addOfOneInstance(tasks: Command, environment: Environment): void {
  overApi<IndexFlags, [dagId: string, run: string, taskId: string]>(
    withInstance(tasks.command("state").description("print the state of a task in a run")),
    environment,
    async ({ api, print, flags, args: [dagId, run, taskId] }) => {
      const runId = await resolveRunId(api, dagId, run);
      const found = await about({ api, ids: { dagId, runId, taskId, mapIndex: flags.mapIndex } }, () =>
        api.call<InstanceEntity>({ path: indexedPath(instancePath(dagId, runId, taskId), flags.mapIndex) }),
      );
      print.done(found.state ?? "none", found);
    },
  );
  overApi<IndexFlags, [dagId: string, run: string, taskId: string]>(
    withInstance(tasks.command("failed-deps").description("list what a task waits for; exit code 1 when it waits")),
    environment,
    async ({ api, print, flags, args: [dagId, run, taskId] }) => {
      const runId = await resolveRunId(api, dagId, run);
      const { dependencies } = await about({ api, ids: { dagId, runId, taskId, mapIndex: flags.mapIndex } }, () =>
        api.call<{ dependencies: readonly { readonly name: string; readonly reason: string }[] }>({
          path: `${indexedPath(instancePath(dagId, runId, taskId), flags.mapIndex)}/dependencies`,
        }),
      );
      const columns = [
        { title: "WAITS FOR", text: ({ name }: { name: string }) => name },
        { title: "WHY", text: ({ reason }: { reason: string }) => reason },
      ];
      print.rows<{ name: string; reason: string }>(columns, dependencies, "Nothing holds it back.");
      return dependencies.length > 0 ? 1 : 0;
    },
  );
}
