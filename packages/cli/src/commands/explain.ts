import type { Command } from "commander";
import { segment } from "../client/entities.ts";
import { resolveRunId } from "../client/run-id.ts";
import { about } from "../client/unknown-id.ts";
import type { Environment } from "../context.ts";
import { wholeNumber } from "./arguments.ts";
import { overApi } from "./invocation.ts";

interface ExplanationEntity {
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly next: string;
  /** Of a task: its run's, when that is what holds it up. */
  readonly run?: ExplanationEntity | null;
}

/** `airloom explain <dag> [run] [task]`: why it is not running, and what to do about it. */
export function addExplainCommand(program: Command, environment: Environment): void {
  overApi<{ mapIndex?: number }, [dagId: string, run: string | undefined, taskId: string | undefined]>(
    program
      .command("explain")
      .description("say why a Dag, a run or a task is where it is, and what happens next")
      .argument("<dag>")
      .argument("[run]", "its id, or latest")
      .argument("[task]")
      .option("--map-index <n>", "of a mapped task: which element", wholeNumber(-1)),
    environment,
    async ({ api, print, flags, args: [dagId, run, taskId] }) => {
      const runId = run === undefined ? undefined : await resolveRunId(api, dagId, run);
      const parts = [dagId, runId, taskId].filter((part) => part !== undefined);
      const ids = {
        dagId,
        mapIndex: flags.mapIndex,
        ...(runId !== undefined && { runId }),
        ...(taskId !== undefined && { taskId }),
      };
      const query = taskId === undefined ? {} : { map_index: flags.mapIndex };
      const found = await about({ api, ids }, () =>
        api.call<ExplanationEntity>({ path: `/api/airloom/explain/${parts.map(segment).join("/")}`, query }),
      );
      print.done([found, ...(found.run ? [found.run] : [])].map(explanationText).join("\n\n"), found);
    },
  );
}

const explanationText = ({ title, detail, next }: ExplanationEntity): string =>
  [title, ...(detail ? [detail.replace(/^/gm, "  ")] : []), ...(next ? [`  → ${next}`] : [])].join("\n");
