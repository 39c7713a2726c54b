import type { JsonObject } from "@airloom/core";
import type { ConnectionValue, LogLevel, XComQuery } from "@airloom/wire";

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
