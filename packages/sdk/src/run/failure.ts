import { AirloomError } from "@airloom/core";
import type { FailureReport, Outcome } from "@airloom/wire";
import { signalOf } from "./signals.ts";

/** A failure the runner itself found before, or after, the author's function ran. */
export class RunProblem extends Error {
  readonly kind: FailureReport["kind"];
  readonly retry: boolean;

  constructor(message: string, { kind, name, retry }: { kind: FailureReport["kind"]; name: string; retry: boolean }) {
    super(message);
    this.name = name;
    this.kind = kind;
    this.retry = retry;
  }
}

/** What anything thrown means for the attempt, as data. */
export function outcomeOf(thrown: unknown): Outcome {
  const signal = signalOf(thrown);
  if (signal?.kind === "skip") return { kind: "skipped", reason: signal.reason };
  return { kind: "failed", error: reportOf(thrown), retry: signal === null && mayRetry(thrown) };
}

// The same code would give the same refusal: trying again wastes tries and hides the cause behind delays.
const mayRetry = (thrown: unknown): boolean => (thrown instanceof RunProblem ? thrown.retry : !isRefusedValue(thrown));

const isRefusedValue = (thrown: unknown): boolean =>
  thrown instanceof AirloomError && (thrown.code === "VALUE_UNSERIALIZABLE" || thrown.code === "VALUE_TOO_LARGE");

function reportOf(thrown: unknown): FailureReport {
  if (!(thrown instanceof Error)) return report("error", { name: typeof thrown, message: shown(thrown), stack: null });
  const kind = thrown instanceof RunProblem ? thrown.kind : isRefusedValue(thrown) ? "unserializable" : "error";
  // A problem found by the runner has no place in the author's code: its stack would only show Airloom's.
  const stack = thrown instanceof RunProblem || kind === "unserializable" ? null : stackWithCauses(thrown);
  return report(kind, { name: thrown.name, message: messageOf(thrown), stack });
}

/** Errors of the catalogue say what to do next; whoever reads the log needs that, too. */
const messageOf = (error: Error): string =>
  error instanceof AirloomError && error.hint !== "" ? `${error.message} ${error.hint}` : error.message;

const report = (
  kind: FailureReport["kind"],
  words: Pick<FailureReport, "name" | "message" | "stack">,
): FailureReport => ({ kind, ...words, location: null });

function shown(thrown: unknown): string {
  try {
    return typeof thrown === "object" ? (JSON.stringify(thrown) ?? String(thrown)) : String(thrown);
  } catch {
    return "something that cannot be shown was thrown";
  }
}

const deepestCause = 5;

/** The stack, and those of what caused it or was gathered in it. */
function stackWithCauses(error: Error, depth = 0): string {
  const own = String(error.stack ?? `${error.name}: ${error.message}`).replace(error.message, () => messageOf(error));
  if (depth >= deepestCause) return own;
  const gathered: unknown[] = error instanceof AggregateError ? error.errors.slice(0, deepestCause) : [];
  const causes = [...(error.cause === undefined ? [] : [error.cause]), ...gathered];
  const below = causes.map((cause) => (cause instanceof Error ? stackWithCauses(cause, depth + 1) : shown(cause)));
  return [own, ...below.map((text) => `Caused by: ${text}`)].join("\n");
}
