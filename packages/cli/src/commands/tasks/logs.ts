import { setTimeout as pause } from "node:timers/promises";
import type { Command } from "commander";
import type { ApiClient } from "../../client/api-client.ts";
import { type InstanceEntity, instancePath } from "../../client/entities.ts";
import { resolveRunId } from "../../client/run-id.ts";
import { about } from "../../client/unknown-id.ts";
import type { Environment } from "../../context.ts";
import { type LogLine, logText } from "../../output/log-text.ts";
import type { Printer } from "../../output/printer.ts";
import { wholeNumber } from "../arguments.ts";
import { overApi } from "../invocation.ts";
import { indexedPath } from "./states.ts";

interface LogFlags {
  readonly try?: number;
  readonly mapIndex?: number;
  readonly follow?: true;
}

/** `airloom tasks logs <dag> <run> <task>`: one try's log; with `-f`, as it grows, to the task's end. */
export function addLogs(tasks: Command, environment: Environment): void {
  overApi<LogFlags, [dagId: string, run: string, taskId: string]>(
    tasks
      .command("logs")
      .description("print the log of a task")
      .argument("<dag>")
      .argument("<run>", "its id, or latest")
      .argument("<task>")
      .option("--try <n>", "which try; the last one if it is left out", wholeNumber(1))
      .option("--map-index <n>", "of a mapped task: which element", wholeNumber(-1))
      .option("-f, --follow", "go on printing until the task has ended"),
    environment,
    async ({ api, print, flags, args: [dagId, run, taskId] }) => {
      const runId = await resolveRunId(api, dagId, run);
      const path = instancePath(dagId, runId, taskId);
      const current = (): Promise<InstanceEntity> =>
        about({ api, ids: { dagId, runId, taskId, mapIndex: flags.mapIndex } }, () =>
          api.call<InstanceEntity>({ path: indexedPath(path, flags.mapIndex) }),
        );
      const instance = await current();
      const asked = flags.try ?? (flags.follow ? null : instance.try_number);
      if (asked === 0) {
        process.stderr.write(
          `${taskId} has not been tried yet (${instance.state ?? "none"}); airloom explain ${dagId} '${runId}' ${taskId} says why.\n`,
        );
        return 0;
      }
      const reading = { api, print, path, mapIndex: flags.mapIndex };
      if (flags.follow) await follow(reading, asked, current);
      else await readOn(reading, asked ?? 1, undefined);
      return 0;
    },
  );
}

interface Reading {
  readonly api: ApiClient;
  readonly print: Printer;
  /** Of the task instance. */
  readonly path: string;
  readonly mapIndex: number | undefined;
}

interface LogPage {
  readonly content: readonly (LogLine | string)[] | string;
  readonly continuation_token: string | null;
}

/** Prints what there is from `token` on; returns where to go on. */
async function readOn(
  { api, print, path, mapIndex }: Reading,
  tryNumber: number,
  token: string | undefined,
): Promise<string | undefined> {
  let next = token;
  for (;;) {
    const page = await api.call<LogPage>({
      path: `${path}/logs/${tryNumber}`,
      query: { token: next, map_index: mapIndex ?? -1 },
    });
    const lines = typeof page.content === "string" ? [page.content] : page.content;
    for (const line of lines) print.raw(`${print.forPeople ? logText(line, print.paint) : JSON.stringify(line)}\n`);
    const after = page.continuation_token ?? undefined;
    if (lines.length === 0 || after === undefined || after === next) return after ?? next;
    next = after;
  }
}

const ended: ReadonlySet<string> = new Set(["success", "failed", "skipped", "upstream_failed", "removed"]);

/** Prints a task's tries, or the one that was asked for, until nothing more comes. */
async function follow(reading: Reading, asked: number | null, current: () => Promise<InstanceEntity>): Promise<void> {
  let tryNumber = asked ?? 0;
  let token: string | undefined;
  for (let waitMs = 100; ; waitMs = Math.min(waitMs * 1.5, 1_000)) {
    // The state first: what is read after its end is all there is.
    const instance = await current();
    const newest = asked ?? instance.try_number;
    const isNext = newest > tryNumber;
    if (tryNumber > 0) token = await readOn(reading, tryNumber, token);
    if (isNext) {
      tryNumber = newest;
      token = await readOn(reading, tryNumber, undefined);
    }
    const over = ended.has(instance.state ?? "none") || (asked !== null && instance.try_number > asked);
    if (over) return;
    await pause(waitMs);
  }
}
