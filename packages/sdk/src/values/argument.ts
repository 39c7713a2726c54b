import { AirloomError, type ArgSpec } from "@airloom/core";
import { toTagged } from "@airloom/wire";
import { dagInvalid } from "../authoring-error.ts";
import type { DagScope } from "../dag/draft.ts";
import { type RefBrand, refBrandOf, sourceName } from "./ref-object.ts";

/** Arguments of one call as they stand in the Spec, and the tasks whose values they read. */
export interface Arguments {
  readonly args: readonly ArgSpec[];
  readonly sources: ReadonlySet<string>;
}

interface Reading {
  readonly scope: DagScope;
  readonly call: string;
  readonly sources: Set<string>;
}

/**
 * Turns what a task was called with into data: Refs into where their values come from, everything else into constants.
 * @throws AirloomError DAG_INVALID naming the argument.
 */
export function toArguments(scope: DagScope, call: string, values: readonly unknown[]): Arguments {
  const sources = new Set<string>();
  const args = values.map((value, index) =>
    toArgument(value, { scope, call: `argument ${index + 1} of ${call}`, sources }),
  );
  return { args, sources };
}

function toArgument(value: unknown, reading: Reading): ArgSpec {
  const brand = refBrandOf(value);
  if (brand) return refArgument(brand, reading);
  if (!holdsRef(value, new Set())) return constant(value, reading);
  if (Array.isArray(value)) return { kind: "array", items: value.map((item) => toArgument(item, reading)) };
  const entries = Object.entries(value as object).map(([key, item]) => [key, toArgument(item, reading)] as const);
  return { kind: "object", entries: Object.fromEntries(entries) };
}

function refArgument({ source, scope }: RefBrand, reading: Reading): ArgSpec {
  if (scope !== reading.scope) {
    const where = scope.dagId === reading.scope.dagId ? "an earlier evaluation of this Dag" : `Dag \`${scope.dagId}\``;
    throw dagInvalid(
      `${reading.call} (Dag \`${reading.scope.dagId}\`) is ${sourceName(source)} of ${where}`,
      "A Ref belongs to the Dag body that made it: make it there, and do not keep it in a variable outside.",
    );
  }
  if (source.kind !== "node") return source;
  reading.sources.add(source.draft.id);
  return { kind: "xcom", task: source.draft.id };
}

/** Refs are found in lists and plain objects; anywhere else (a Map, an instance) the codec refuses them. */
function holdsRef(value: unknown, seen: Set<object>): boolean {
  if (typeof value !== "object" || value === null || seen.has(value)) return false;
  if (refBrandOf(value)) return true;
  seen.add(value);
  if (Array.isArray(value)) return value.some((item) => holdsRef(item, seen));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  return Object.values(value).some((item) => holdsRef(item, seen));
}

function constant(value: unknown, { call }: Reading): ArgSpec {
  try {
    return { kind: "value", value: toTagged(value) };
  } catch (cause) {
    if (!(cause instanceof AirloomError) || cause.code !== "VALUE_UNSERIALIZABLE") throw cause;
    const problem = String(cause.data.problem).replace("leave a task", "be an argument");
    throw dagInvalid(`${call} cannot be used: ${cause.data.path}: ${problem}`, cause.hint.replace("Return", "Pass"));
  }
}
