import { AirloomError } from "@airloom/core";
import type { Command } from "commander";
import type { ApiClient } from "../../client/api-client.ts";
import { dagPath, type InstanceEntity, instanceName, type TaskEntity } from "../../client/entities.ts";
import { resolveRunId } from "../../client/run-id.ts";
import { about } from "../../client/unknown-id.ts";
import { warnWhenNothingRuns } from "../../client/warn-when-nothing-runs.ts";
import type { Environment } from "../../context.ts";
import { closest } from "../../output/closest.ts";
import type { Column } from "../../output/table.ts";
import { pattern, wholeNumber } from "../arguments.ts";
import { confirmed } from "../confirm.ts";
import { overApi } from "../invocation.ts";

interface ClearFlags {
  readonly run: string;
  readonly taskRegex?: string;
  readonly mapIndex?: number;
  readonly downstream?: true;
  readonly upstream?: true;
  readonly onlyFailed?: true;
  readonly onlyRunning?: true;
  readonly dryRun?: true;
  readonly yes?: true;
}

/** `airloom tasks clear <dag> -r <run>`: shows what would run again, asks, and clears. */
export function addClear(tasks: Command, environment: Environment): void {
  overApi<ClearFlags, [dagId: string]>(
    tasks
      .command("clear")
      .description("let tasks of a run run again")
      .argument("<dag>")
      .requiredOption("-r, --run <run>", "the run's id, or latest")
      .option("-t, --task-regex <pattern>", "only tasks whose id this matches")
      .option("--map-index <n>", "of mapped tasks only this element", wholeNumber(0))
      .option("-d, --downstream", "with everything after them")
      .option("-u, --upstream", "with everything before them")
      .option("--only-failed", "only failed ones")
      .option("--only-running", "only running ones")
      .option("--dry-run", "only show what would be cleared")
      .option("-y, --yes", "do not ask"),
    environment,
    async ({ api, print, flags, args: [dagId] }) => {
      const runId = await resolveRunId(api, dagId, flags.run);
      const body = { ...bodyOf(flags), dag_run_id: runId, ...(await taskIdsOf(api, dagId, flags)) };
      const clear = (dry_run: boolean): Promise<Cleared> =>
        about({ api, ids: { dagId, runId } }, () =>
          api.call<Cleared>({
            method: "POST",
            path: `${dagPath(dagId)}/clearTaskInstances`,
            body: { ...body, dry_run },
          }),
        );
      const { task_instances: preview } = await clear(true);
      if (print.forPeople || flags.dryRun || preview.length === 0) print.rows(columns, preview, "Nothing to clear.");
      if (flags.dryRun || preview.length === 0) return 0;
      if (!(await confirmed(`Clear ${preview.length} task instances of ${runId}?`, flags.yes))) return 1;
      const { task_instances: cleared } = await clear(false);
      print.done(`${cleared.length} task instances cleared.`, cleared);
      await warnWhenNothingRuns(api, dagId);
      return 0;
    },
  );
}

interface Cleared {
  readonly task_instances: readonly InstanceEntity[];
}

const columns: readonly Column<InstanceEntity>[] = [
  { title: "TASK", text: instanceName },
  { title: "STATE", text: ({ state }) => state ?? "none" },
  { title: "TRIES", text: ({ try_number }) => String(try_number), right: true },
];

const bodyOf = ({ downstream, upstream, onlyFailed, onlyRunning }: ClearFlags) => ({
  include_downstream: downstream === true,
  include_upstream: upstream === true,
  only_failed: onlyFailed === true,
  only_running: onlyRunning === true,
  reset_dag_runs: true,
});

/** The pattern is matched here: the API takes ids. */
async function taskIdsOf(api: ApiClient, dagId: string, { taskRegex, mapIndex }: ClearFlags) {
  if (taskRegex === undefined && mapIndex === undefined) return {};
  const wanted = argumentOf(taskRegex ?? "");
  const { tasks } = await about({ api, ids: { dagId } }, () =>
    api.call<{ tasks: readonly TaskEntity[] }>({ path: `${dagPath(dagId)}/tasks` }),
  );
  const ids = tasks.filter((task) => wanted.test(task.task_id) && (mapIndex === undefined || task.is_mapped));
  if (ids.length === 0) {
    const known = tasks.map(({ task_id }) => task_id);
    const noun = mapIndex === undefined ? "task that matches" : "mapped task that matches";
    throw new AirloomError("CLI_UNKNOWN_ID", {
      noun,
      id: taskRegex ?? "",
      meant: closest(taskRegex ?? "", known),
      none: false,
    });
  }
  return { task_ids: ids.map(({ task_id }) => (mapIndex === undefined ? task_id : [task_id, mapIndex])) };
}

function argumentOf(text: string): RegExp {
  try {
    return pattern(text);
  } catch {
    throw new AirloomError("CLI_USAGE", { reason: `--task-regex: "${text}" is not a regular expression.` });
  }
}
