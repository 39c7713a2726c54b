import type { LogRecord } from "@airloom/wire";
import { clockText } from "./event-line.ts";
import type { Paint } from "./paint.ts";

/** A log record as the API gives it. */
export interface LogLine {
  readonly timestamp?: string | null;
  readonly level?: string | null;
  readonly event: string;
  readonly logger?: string | null;
  /** The record's own fields stand beside these. */
  readonly [field: string]: unknown;
}

const states: Readonly<Record<string, string>> = { error: "failed", critical: "failed", warning: "warn", warn: "warn" };

/** A record as a line for people: time, level unless it is the usual one, words. */
export function logText(line: LogLine | string, paint: Paint): string {
  if (typeof line === "string") return line;
  const { timestamp, level, event, logger: _logger, group: _group, ...fields } = line;
  const at = timestamp ? new Date(timestamp) : null;
  const time = at && !Number.isNaN(at.getTime()) ? `${clockText(at)} ` : "";
  const mark = level && level !== "info" ? `${level.toUpperCase()} ` : "";
  return paint(`${time}${mark}${event}${fieldsText(fields)}`, states[level ?? ""] ?? "");
}

/** A record as it comes from a task that runs here. */
export function recordText(task: string, { ts, level, msg, fields }: LogRecord, paint: Paint): string {
  const mark = level === "info" ? "" : `${level.toUpperCase()} `;
  return paint(`${clockText(new Date(ts))} ${task} | ${mark}${msg}${fieldsText(fields)}`, states[level] ?? "");
}

/** ` rows=3 region="eu"`: text in quotes, so that where it ends can be seen. */
const fieldsText = (fields: Readonly<Record<string, unknown>> = {}): string =>
  Object.entries(fields)
    .map(([name, value]) => ` ${name}=${JSON.stringify(value)}`)
    .join("");
