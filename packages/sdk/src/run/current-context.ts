import { AirloomError, type JsonObject } from "@airloom/core";
import {
  type ConnectionValue,
  decodeValue,
  encodeValue,
  type LogLevel,
  type TaskWorkload,
  type XComQuery,
} from "@airloom/wire";
import { shared } from "../shared-state.ts";
import type { ContextHost, ContextRun, TaskContext, TaskLog } from "./task-context.ts";

/**
 * The context of the attempt that is running.
 * @throws AirloomError OUTSIDE_TASK
 * @example const { log, signal } = context();
 */
export function context(): TaskContext {
  const found = shared.contexts.getStore();
  if (found) return found;
  throw new AirloomError("OUTSIDE_TASK", { what: "context()" });
}

export function makeContext(
  workload: TaskWorkload,
  params: Readonly<Record<string, unknown>>,
  host: ContextHost,
): TaskContext {
  const { dagId, task, mapIndex, tryNumber, maxTries, attempt, run } = workload;
  return {
    dagId,
    runId: run.runId,
    taskId: task.id,
    mapIndex,
    tryNumber,
    maxTries,
    attempt,
    run: contextRun(workload),
    params,
    log: makeLog(host),
    signal: host.signal,
    idempotencyKey: [dagId, run.runId, run.clearNumber, task.id, mapIndex].join("/"),
    getVariable: (key) => host.getVariable(key),
    getConnection: (id) => findConnection(host, id),
    pullXCom: (query) => pullXCom(host, { key: "return_value", ...query }),
    pushXCom: async (key, value) => host.pushXCom(key, encodeValue(value)),
  };
}

const date = (text: string | null): Date | null => (text === null ? null : new Date(text));

export const contextRun = ({ run }: TaskWorkload): ContextRun => ({
  runId: run.runId,
  runType: run.runType,
  logicalDate: date(run.logicalDate),
  intervalStart: date(run.intervalStart),
  intervalEnd: date(run.intervalEnd),
  runAfter: new Date(run.runAfter),
  conf: run.conf,
});

function makeLog(host: ContextHost): TaskLog {
  const write =
    (level: LogLevel) =>
    (msg: string, fields?: JsonObject): void => {
      // The author's code does not wait for the log; lines of processes do.
      void host.log({ level, source: "task", msg: String(msg), ...(fields && { fields }) });
    };
  return {
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
    output: (source, line) => host.log({ level: "info", source, msg: line }),
  };
}

async function findConnection(host: ContextHost, id: string): Promise<ConnectionValue> {
  const found = await host.getConnection(id);
  if (found) return found;
  const hint = `Add it: airloom connections add ${id} --conn-uri …, or set AIRLOOM_CONN_${id.toUpperCase()}.`;
  throw new AirloomError("NOT_FOUND", { what: `Connection "${id}"`, hint });
}

async function pullXCom(host: ContextHost, query: XComQuery): Promise<unknown> {
  const bytes = await host.pullXCom(query);
  return bytes ? decodeValue(bytes) : undefined;
}
