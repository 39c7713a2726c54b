import { graphOf, parseTimetable } from "@airloom/core";
import { type Dag, dagBrand } from "./dag/dag.ts";
import type { EvaluatedDag } from "./dag/dag-options.ts";

/** Version of what runner and SDK say to each other (`@airloom/sdk/runtime`). It grows with every change that older code would misread. */
export const sdkProtocol = 1;

/** Whether a value is a Dag, made by any copy of the SDK. */
const isDag = (value: unknown): value is Dag =>
  typeof value === "object" && value !== null && typeof (value as Partial<Dag>)[dagBrand] === "function";

/**
 * Evaluates a Dag's body and checks what it made: the same Spec each time, with code to go with it.
 * @throws AirloomError DAG_INVALID, a `SPEC_…` code (a cycle, say), TIMETABLE_INVALID; and whatever the body throws.
 */
export function evaluateDag(dag: Dag): EvaluatedDag {
  const evaluated = dag[dagBrand]();
  graphOf(evaluated.spec);
  parseTimetable(evaluated.spec.schedule);
  return evaluated;
}

/** Every Dag that a module exports, alone or in lists of any depth, each once. */
export function findDags(moduleNamespace: object): readonly Dag[] {
  const found = new Set<Dag>();
  const seen = new Set<unknown>();
  const visit = (value: unknown): void => {
    if (isDag(value)) found.add(value);
    else if (Array.isArray(value) && !seen.has(value)) {
      seen.add(value);
      value.forEach(visit);
    }
  };
  Object.values(moduleNamespace).forEach(visit);
  return [...found];
}
