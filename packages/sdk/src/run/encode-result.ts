import type { TaskSpec } from "@airloom/core";
import { encodeValue, toJsonView, type XComOutput } from "@airloom/wire";
import type { NodeCode } from "../dag/node-code.ts";
import { RunProblem } from "./failure.ts";

/** Key of what a task returned (Airflow's name), and of what an operator's parameters became. */
const returnKey = "return_value";
const renderedKey = "rendered_fields";

/**
 * What a result leaves behind. Nothing for `undefined`, except from a mapped instance, whose place in the list must not close up.
 * @throws AirloomError VALUE_UNSERIALIZABLE; RunProblem when a mapped task needs a list and there is none.
 */
export function encodeResult(value: unknown, task: TaskSpec, node: NodeCode): readonly XComOutput[] {
  if (task.elementwise) return [encodeElements(value, node)];
  if (value === undefined && !task.mapped) return [];
  const length = Array.isArray(value) ? value.length : null;
  return [{ key: returnKey, value: { kind: "value", bytes: encodeValue(value) }, length }];
}

function encodeElements(value: unknown, node: NodeCode): XComOutput {
  if (!Array.isArray(value)) {
    const readers = node.expandedBy.map((id) => `"${id}"`).join(", ");
    const message = `${readers} expands over the result of "${node.id}", which returned no list but ${kindOf(value)}`;
    throw new RunProblem(message, { kind: "error", name: "NotAList", retry: true });
  }
  // Encoded whole only when something is wrong, so that the refusal names the place in the list.
  try {
    const items = Array.from(value, (item) => encodeValue(item));
    return { key: returnKey, value: { kind: "elements", items }, length: value.length };
  } catch (error) {
    encodeValue(value);
    throw error;
  }
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

const longestText = 4_096;

/** What an operator's parameters were, for people: long text is cut (Airflow: 4,096 characters). */
export function encodeRendered(fields: Readonly<Record<string, unknown>>): XComOutput {
  const shown = JSON.stringify(toJsonView(fields), (_key, value: unknown) =>
    typeof value === "string" && value.length > longestText ? `${value.slice(0, longestText)}… (cut)` : value,
  );
  return { key: renderedKey, value: { kind: "value", bytes: encodeValue(JSON.parse(shown)) }, length: null };
}
