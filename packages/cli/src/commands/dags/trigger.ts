import { parseDuration } from "@airloom/core";
import { type Command, InvalidArgumentError } from "commander";
import { dagPath, type RunEntity } from "../../client/entities.ts";
import { about } from "../../client/unknown-id.ts";
import { warnWhenNothingRuns } from "../../client/warn-when-nothing-runs.ts";
import type { Environment } from "../../context.ts";
import { instant, jsonObject } from "../arguments.ts";
import { overApi } from "../invocation.ts";
import { followRun } from "./follow-run.ts";

interface TriggerFlags {
  readonly conf?: Readonly<Record<string, unknown>>;
  readonly runId?: string;
  readonly logicalDate?: string;
  readonly runAfter?: string;
  readonly note?: string;
  readonly wait?: true;
  /** Seconds. */
  readonly timeout?: number;
}

/** `airloom dags trigger <dag>`: makes a run; with `--wait`, follows it to its end. */
export function addTrigger(dags: Command, environment: Environment): void {
  overApi<TriggerFlags, [dagId: string]>(
    dags
      .command("trigger")
      .description("make a run of a Dag")
      .argument("<dag>")
      .option("-c, --conf <json>", "the run's params, a JSON object; @file, or - = standard input", jsonObject)
      .option("-r, --run-id <id>", "id of the run")
      .option(
        "-l, --logical-date <date>",
        "date of the data, the present if it is left out; a time without zone is UTC",
        instant,
      )
      .option("--run-after <date>", "not before this instant", instant)
      .option("--note <text>", "a note for people")
      .option("--wait", "follow the run to its end; exit code 1 when it failed")
      .option("--timeout <duration>", "with --wait: give up watching after that long, such as 10m", duration),
    environment,
    async ({ api, print, flags, args: [dagId] }) => {
      const body = {
        // Whoever types this means "now"; programs that mean "none" say so over the API. Dags that read the date need one.
        logical_date: flags.logicalDate ?? new Date().toISOString(),
        ...(flags.runId !== undefined && { dag_run_id: flags.runId }),
        ...(flags.runAfter !== undefined && { run_after: flags.runAfter }),
        ...(flags.conf !== undefined && { conf: flags.conf }),
        ...(flags.note !== undefined && { note: flags.note }),
      };
      const run = await about({ api, ids: { dagId } }, () =>
        api.call<RunEntity>({ method: "POST", path: `${dagPath(dagId)}/dagRuns`, body }),
      );
      await warnWhenNothingRuns(api, dagId);
      if (!flags.wait) {
        print.done(`Run "${run.dag_run_id}" of ${dagId} is ${run.state}.`, run);
        return 0;
      }
      print.say(`Run "${run.dag_run_id}" of ${dagId}`);
      return followRun({ api, print, run, timeoutSeconds: flags.timeout ?? null });
    },
  );
}

function duration(text: string): number {
  try {
    return parseDuration(/^\d+(\.\d+)?$/.test(text) ? Number(text) : text);
  } catch {
    throw new InvalidArgumentError("Write a length of time such as 30s, 10m or 1h30m; a number alone is seconds.");
  }
}
