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

/** The run an attempt belongs to. */
export interface ContextRun {
  readonly runId: string;
  readonly runType: string;
  readonly logicalDate: Date | null;
  readonly intervalStart: Date | null;
  readonly intervalEnd: Date | null;
  readonly runAfter: Date;
  readonly conf: JsonObject;
}

/** Structured log of the attempt. */
export interface TaskLog {
  debug(msg: string, fields?: JsonObject): void;
  info(msg: string, fields?: JsonObject): void;
  warn(msg: string, fields?: JsonObject): void;
  error(msg: string, fields?: JsonObject): void;
  /** One line that a process of the task printed. Await it where lines come fast: it waits while the log is behind. */
  output(source: "stdout" | "stderr", line: string): Promise<void> | void;
}

/** What a task's function may know and do beside its arguments. */
export interface TaskContext {
  readonly dagId: string;
  readonly runId: string;
  readonly taskId: string;
  /** -1 when the task is not mapped. */
  readonly mapIndex: number;
  /** From 1; grows with retries. */
  readonly tryNumber: number;
  readonly maxTries: number;
  /** Grows with every start, also after a lost worker. */
  readonly attempt: number;
  readonly run: ContextRun;
  readonly params: Readonly<Record<string, unknown>>;
  readonly log: TaskLog;
  /** Aborted on timeout, clear and shutdown. Pass it on: `fetch(url, { signal })`. */
  readonly signal: AbortSignal;
  /** The same for all tries of this task in this run until someone clears it: for calls that must count once. */
  readonly idempotencyKey: string;
  /** null when there is none. */
  getVariable(key: string): Promise<string | null>;
  /** @throws AirloomError NOT_FOUND */
  getConnection(id: string): Promise<ConnectionValue>;
  /** A value that is not an argument, of this run unless `runId` says otherwise; undefined when there is none. */
  pullXCom(query: Omit<XComQuery, "key"> & { readonly key?: string }): Promise<unknown>;
  pushXCom(key: string, value: unknown): Promise<void>;
}

/** What the runner provides for one attempt. */
export interface ContextHost {
  readonly signal: AbortSignal;
  /** May return a promise while the log is behind. */
  log(entry: LogEntry): void | Promise<void>;
  getVariable(key: string): Promise<string | null>;
  getConnection(id: string): Promise<ConnectionValue | null>;
  pullXCom(query: XComQuery): Promise<Uint8Array | null>;
  pushXCom(key: string, value: Uint8Array): Promise<void>;
  /** The bytes of an input that was too large to travel with the workload. */
  fetchValue(ref: string): Promise<Uint8Array>;
}

export interface LogEntry {
  readonly level: LogLevel;
  readonly source: "task" | "stdout" | "stderr";
  readonly msg: string;
  readonly fields?: JsonObject;
}

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
