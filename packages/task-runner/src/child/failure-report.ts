import { outcomeOf } from "@airloom/sdk/runtime";
import type { FailureReport, Outcome } from "@airloom/wire";
import { plainText } from "../protocol/plain-text.ts";
import type { MappedStack } from "./source-position.ts";

/** Longest texts of a report, in characters: a person reads the first page. */
const most = { name: 200, message: 8_192, stack: 32_768, rawStack: 262_144 } as const;

/** What anything thrown means, also if looking at it throws. */
export function safeOutcomeOf(thrown: unknown): Outcome {
  try {
    return outcomeOf(thrown);
  } catch (problem) {
    return failed({
      kind: "error",
      name: "Error",
      message: `An error was thrown that cannot be shown: ${words(problem)}`,
    });
  }
}

/** Code that does not load gives the same answer each time: no retry. */
export const loadFailure = (thrown: unknown): FailureReport => {
  const outcome = safeOutcomeOf(thrown);
  const report = outcome.kind === "failed" ? outcome.error : failureOf({ name: "Error", message: "it did not load" });
  return { ...report, kind: "load" };
};

export const failureOf = (words: { readonly name: string; readonly message: string }): FailureReport => ({
  kind: "load",
  stack: null,
  location: null,
  ...words,
});

const failed = (report: Pick<FailureReport, "kind" | "name" | "message">): Outcome => ({
  kind: "failed",
  error: { stack: null, location: null, ...report },
  retry: true,
});

function words(value: unknown): string {
  try {
    return String(value);
  } catch {
    return "its text throws as well";
  }
}

/** A report as it leaves the child: positions of the author's own files, texts of bearable length, nothing but text. */
export function finishReport(report: FailureReport, positions: (stack: string) => MappedStack): FailureReport {
  const message = cut(textOf(report.message), most.message);
  const mapped = report.stack === null ? null : positions(shortened(textOf(report.stack)));
  return {
    ...report,
    name: cut(textOf(report.name) || "Error", most.name),
    message,
    stack: mapped && cut(mapped.stack, most.stack),
    location: report.location ?? mapped?.location ?? null,
  };
}

const textOf = (value: unknown): string => plainText(typeof value === "string" ? value : words(value));

const cut = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length)}… (${text.length - length} more characters)`;

/** A huge message stands before the frames: keep its start and the frames. */
function shortened(stack: string): string {
  if (stack.length <= most.rawStack) return stack;
  const frames = stack.indexOf("\n    at ");
  const head = cut(frames < 0 ? stack : stack.slice(0, frames), most.message);
  return frames < 0 ? head : head + stack.slice(frames, frames + most.rawStack);
}
