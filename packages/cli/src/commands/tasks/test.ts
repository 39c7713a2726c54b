import { AirloomError, type DagSpec, type JsonObject, type TaskSpec } from "@airloom/core";
import type { Command } from "commander";
import type { Environment } from "../../context.ts";
import { closest } from "../../output/closest.ts";
import { recordText } from "../../output/log-text.ts";
import type { Printer } from "../../output/printer.ts";
import type { TrialEnd } from "../../trial/trial-task.ts";
import { instant, jsonObject, wholeNumber } from "../arguments.ts";
import { interruption } from "../interruption.ts";
import { locally } from "../invocation.ts";

interface TestFlags {
  readonly conf?: Readonly<Record<string, unknown>>;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly mapIndex?: number;
  readonly file?: string;
}

/** `airloom tasks test <dag> <task>`: one attempt on given inputs; its result is printed and nothing is kept. */
export function addTest(tasks: Command, environment: Environment): void {
  locally<TestFlags, [dagId: string, taskId: string, date: string | undefined]>(
    tasks
      .command("test")
      .description("run one task, here and now, and print its result: it does what it does; exit code 1 when it fails")
      .argument("<dag>")
      .argument("<task>")
      .argument("[date]", "logical date; the present if it is left out", instant)
      .option("-c, --conf <json>", "the run's params, a JSON object; @file, or - = standard input", jsonObject)
      .option("-i, --inputs <json>", "values of upstream tasks by their ids, a JSON object; @file, or -", jsonObject)
      .option("--map-index <n>", "of a mapped task: which element of the lists", wholeNumber(0))
      .option("-f, --file <file>", "the Dag file, when the Dags folder need not be searched"),
    environment,
    async (invocation) => {
      const { flags, args, print } = invocation;
      const [dagId, taskId, date] = args;
      const [{ findDagFile }, { trialTask }] = await Promise.all([
        import("../../trial/find-dag-file.ts"),
        import("../../trial/trial-task.ts"),
      ]);
      const dag = await findDagFile(invocation.context, dagId, flags.file);
      const task = taskIn(dag.spec, taskId);
      const end = await trialTask({
        context: invocation.context,
        dag,
        task,
        logicalDate: new Date(date ?? Date.now()),
        conf: (flags.conf ?? {}) as JsonObject,
        inputs: flags.inputs ?? {},
        mapIndex: flags.mapIndex ?? (task.mapped ? 0 : -1),
        onLog: (record) => process.stderr.write(`${recordText(taskId, record, print.paint)}\n`),
        signal: interruption(),
      });
      return tellEnd(print, taskId, end);
    },
  );
}

/** @throws CLI_UNKNOWN_ID */
function taskIn({ dagId, tasks }: DagSpec, taskId: string): TaskSpec {
  const task = tasks.find(({ id }) => id === taskId);
  if (task) return task;
  const known = tasks.map(({ id }) => id);
  const noun = `task in Dag "${dagId}"`;
  throw new AirloomError("CLI_UNKNOWN_ID", { noun, id: taskId, meant: closest(taskId, known), none: false });
}

/** Prints what the task returned and pushed. Returns the exit code. */
function tellEnd(print: Printer, taskId: string, { outcome, values }: TrialEnd): number {
  const { return_value: result, ...others } = values;
  if (!print.forPeople) print.done("", { outcome, values });
  else {
    if (result !== undefined) print.say(JSON.stringify(result, null, 2));
    for (const [key, value] of Object.entries(others)) print.say(`${key}: ${JSON.stringify(value)}`);
    if (outcome.kind === "skipped") print.say(`${taskId} skipped itself: ${outcome.reason}`);
  }
  if (outcome.kind === "succeeded" || outcome.kind === "skipped") return 0;
  process.stderr.write(`error: ${taskId} ${outcome.kind}: ${reasonOf(outcome)}\n`);
  return 1;
}

function reasonOf(outcome: TrialEnd["outcome"]): string {
  if (outcome.kind === "lost") return outcome.reason;
  if (outcome.kind !== "failed") return "";
  const { location, name, message } = outcome.error;
  return `${location ? `${location}: ` : ""}${name}: ${message}`;
}
