import type { JsonObject } from "@airloom/core";
import type { Command } from "commander";
import type { Environment } from "../../context.ts";
import { eventLine } from "../../output/event-line.ts";
import { recordText } from "../../output/log-text.ts";
import { instant, jsonObject } from "../arguments.ts";
import { interruption } from "../interruption.ts";
import { locally } from "../invocation.ts";

interface TestFlags {
  readonly conf?: Readonly<Record<string, unknown>>;
  readonly file?: string;
}

/** `airloom dags test <dag>`: one run on the spot, without a server or a database. */
export function addTest(dags: Command, environment: Environment): void {
  locally<TestFlags, [dagId: string, date: string | undefined]>(
    dags
      .command("test")
      .description(
        "run a Dag once, here and now: no server, no database, nothing kept, but its tasks do what they do; exit code 1 when it fails",
      )
      .argument("<dag>")
      .argument("[date]", "logical date; the present if it is left out", instant)
      .option("-c, --conf <json>", "the run's params, a JSON object; @file, or - = standard input", jsonObject)
      .option("-f, --file <file>", "the Dag file, when the Dags folder need not be searched"),
    environment,
    async ({ context, print, flags, args: [dagId, date] }) => {
      const [{ findDagFile }, { trialRun }] = await Promise.all([
        import("../../trial/find-dag-file.ts"),
        import("../../trial/trial-run.ts"),
      ]);
      const dag = await findDagFile(context, dagId, flags.file);
      const { state, tasks } = await trialRun({
        context,
        dag,
        logicalDate: new Date(date ?? Date.now()),
        conf: (flags.conf ?? {}) as JsonObject,
        onEvent: (event) => {
          const line = eventLine(event, "info");
          if (line !== null) print.say(line);
        },
        onLog: (task, record) => print.say(recordText(task, record, print.paint)),
        signal: interruption(),
      });
      if (!print.forPeople) print.done("", { dag_id: dagId, state, task_instances: tasks });
      return state === "success" ? 0 : 1;
    },
  );
}
