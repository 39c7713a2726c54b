import { AirloomError } from "@airloom/core";

/** Where in a value something is: property names and list positions from the root. */
export type ValuePath = readonly (string | number)[];

const simpleName = /^[A-Za-z_][A-Za-z0-9_]*$/;
const shownSteps = 12;

/**
 * A path as people write it; the middle of a very deep one is left out.
 * @example showPath(["rows", 3, "fn"]) // "$.rows[3].fn"
 */
function showPath(path: ValuePath): string {
  if (path.length <= shownSteps * 2) return `$${path.map(showStep).join("")}`;
  const start = path.slice(0, shownSteps).map(showStep).join("");
  const end = path.slice(-shownSteps).map(showStep).join("");
  return `$${start}…(${path.length - shownSteps * 2} more)…${end}`;
}

const showStep = (step: string | number): string => {
  if (typeof step === "number") return `[${step}]`;
  return simpleName.test(step) ? `.${step}` : `[${JSON.stringify(step.slice(0, 80))}]`;
};

/** The refusal of a value that cannot cross a task boundary. */
export const refusal = (path: ValuePath, problem: string, cause?: unknown): AirloomError =>
  new AirloomError(
    "VALUE_UNSERIALIZABLE",
    { path: showPath(path), problem },
    cause === undefined ? undefined : { cause },
  );
