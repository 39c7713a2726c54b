import type { JsonObject } from "@airloom/core";
import type { AttemptRef } from "./attempt.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";

/** One line or message of an attempt. */
export interface LogRecord {
  /** Grows by one within an attempt, from 0. */
  readonly seq: number;
  /** Milliseconds since the epoch. */
  readonly ts: number;
  readonly level: LogLevel;
  /** `task` (the author's log), `stdout`, `stderr`, `airloom` (the system's own words). */
  readonly source: "task" | "stdout" | "stderr" | "airloom";
  readonly msg: string;
  readonly fields?: JsonObject;
  readonly group?: string;
}

export interface LogBatch {
  readonly attempt: AttemptRef;
  readonly records: readonly LogRecord[];
}
