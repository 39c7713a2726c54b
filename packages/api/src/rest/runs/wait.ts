import { Readable } from "node:stream";
import { isRunFinished } from "@airloom/core";
import { toJsonView } from "@airloom/wire";
import type { FastifyReply } from "fastify";
import type { ApiDeps } from "../../api-deps.ts";
import { runIn } from "../find.ts";
import { readXCom } from "../values/xcom-value.ts";
import type { RunName } from "./change-run.ts";

export interface WaitOptions {
  readonly intervalSeconds: number;
  /** Tasks whose results the last line holds. */
  readonly results: readonly string[];
}

/** One line of JSON per look at the run, until it has ended. */
export async function streamUntilEnd(
  deps: ApiDeps,
  reply: FastifyReply,
  { name, options }: { readonly name: RunName; readonly options: WaitOptions },
): Promise<unknown> {
  await deps.store.tx((tx) => runIn(tx, name.dagId, name.runId));
  return reply.type("application/x-ndjson").send(Readable.from(lines(deps, name, options)));
}

async function* lines(deps: ApiDeps, name: RunName, options: WaitOptions): AsyncGenerator<string> {
  const changed = watchRuns(deps, options.intervalSeconds * 1_000);
  try {
    for (;;) {
      const soon = changed.next();
      const seen = await look(deps, name, options.results);
      yield `${JSON.stringify(seen.line)}\n`;
      if (seen.over) return;
      await soon;
    }
  } finally {
    changed.stop();
  }
}

function look({ store }: ApiDeps, { dagId, runId }: RunName, results: readonly string[]) {
  return store.tx(async (tx) => {
    const run = await tx.findRun(dagId, runId);
    if (!run) return { over: true, line: { state: null } };
    if (!isRunFinished(run.state)) return { over: false, line: { state: run.state } };
    if (results.length === 0) return { over: true, line: { state: run.state } };
    const found: Record<string, unknown> = {};
    for (const taskId of results) {
      const value = await readXCom(tx, { runKey: run.id, taskId, mapIndex: -1, key: "return_value" });
      found[taskId] = value ? toJsonView(value.value) : null;
    }
    return { over: true, line: { state: run.state, results: found } };
  });
}

/** `next()` resolves after the interval, or as soon as some run has ended. */
function watchRuns({ store, timers }: ApiDeps, intervalMs: number) {
  let settle = (): void => {};
  let forget = (): void => {};
  const off = store.onHint("runs", () => settle());
  return {
    next: () =>
      new Promise<void>((resolve) => {
        settle = resolve;
        forget();
        forget = timers.after(intervalMs, resolve);
      }),
    stop: () => {
      off();
      forget();
      settle();
    },
  };
}
