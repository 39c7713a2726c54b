import type { FailureReport, LogRecord, Outcome, XComOutput } from "@airloom/wire";
import type { ChildMessage, ChildRecord } from "./messages.ts";

/** What a child sent is no message: author code wrote to the channel. */
export class BrokenMessage extends Error {}

type Fields = Readonly<Record<string, unknown>>;
type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === "string";
const isFlag: Check = (value) => typeof value === "boolean";
const isNumber: Check = (value) => typeof value === "number" && Number.isFinite(value);
const isTextOrNull: Check = (value) => value === null || isText(value);
const isBytes: Check = (value) => value instanceof Uint8Array;
const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const oneOf =
  (...known: readonly string[]): Check =>
  (value) =>
    typeof value === "string" && known.includes(value);
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);

/** An object with at least these fields. */
const shape =
  (fields: Readonly<Record<string, Check>>): Check =>
  (value) =>
    isObject(value) && Object.entries(fields).every(([name, check]) => check(value[name]));

/** An object whose `kind` says which fields it has. */
const byKind =
  (kinds: Readonly<Record<string, Check>>): Check =>
  (value) =>
    isObject(value) &&
    typeof value.kind === "string" &&
    Object.hasOwn(kinds, value.kind) &&
    kinds[value.kind]?.(value) === true;

const isReport = shape({
  kind: oneOf("error", "timeout", "signal", "out_of_memory", "exit", "unserializable", "load", "invalid_input"),
  name: isText,
  message: isText,
  stack: isTextOrNull,
  location: isTextOrNull,
} satisfies Record<Exclude<keyof FailureReport, "signal" | "exitCode">, Check>);

const isRecord = shape({
  ts: isNumber,
  level: oneOf("debug", "info", "warn", "error"),
  source: oneOf("task", "stdout", "stderr", "airloom") satisfies (value: LogRecord["source"]) => boolean,
  msg: isText,
  fields: optional(isObject),
  group: optional(isText),
} satisfies Record<keyof ChildRecord, Check>);

const isOutcome = byKind({
  succeeded: shape({ decision: optional((value) => isText(value) || isFlag(value)) }),
  skipped: shape({ reason: isText }),
  failed: shape({ error: isReport, retry: isFlag }),
  rescheduled: shape({ at: isText }),
} satisfies Record<Exclude<Outcome["kind"], "lost">, Check>);

const isXCom = shape({
  key: isText,
  length: (value) => value === null || isNumber(value),
  value: byKind({ value: shape({ bytes: isBytes }), elements: shape({ items: listOf(isBytes) }) }),
} satisfies Record<keyof XComOutput, Check>);

/** What stands in the arguments comes from the author in any case: the control plane answers for it. */
const isRequest = shape({
  id: isNumber,
  call: oneOf("fetchValue", "getVariable", "getConnection", "pullXCom", "pushXCom"),
  args: Array.isArray,
});

const isMessage = byKind({
  ready: shape({ protocol: isNumber }),
  bound: () => true,
  bind_failed: shape({ failure: isReport }),
  log: shape({ record: isRecord }),
  outcome: shape({ outcome: isOutcome, xcoms: listOf(isXCom) }),
  request: isRequest,
  idle: shape({ dirty: listOf(isText), spawned: isFlag, rssBytes: isNumber }),
} satisfies Record<ChildMessage["kind"], Check>);

/**
 * Takes nothing on trust: author code shares the child's process, and its channel. A message that is not exactly one of ours would
 * go on to break the supervisor, and with it every other task of the worker.
 * @throws BrokenMessage
 */
export function checkMessage(message: unknown): ChildMessage {
  if (isMessage(message)) return message as ChildMessage;
  throw new BrokenMessage("it sent what is no message of ours");
}
