import type { z } from "zod";
import { checkNames, dagInvalid } from "../authoring-error.ts";
import { shared } from "../shared-state.ts";
import type { Schema } from "../tasks/task-options.ts";
import type { Serializable } from "../values/serializable.ts";
import { buildDag } from "./build-dag.ts";
import type { DagBody, DagOptions, EvaluatedDag } from "./dag-options.ts";
import { checkId } from "./dag-scope.ts";

export const dagBrand: unique symbol = Symbol.for("airloom.dag");

/** A Dag as authored. Its body runs when the Dag is evaluated, not when it is made. */
export interface Dag {
  readonly id: string;
  readonly options: DagOptions;
  /** Evaluates the body. For Airloom itself; see `@airloom/sdk/runtime`. */
  readonly [dagBrand]: () => EvaluatedDag;
}

/** A body may return anything but a promise: bodies are synchronous, so that Dags load fast and the same way each time. */
type SynchronousResult<B> =
  B extends PromiseLike<unknown>
    ? { readonly problem: "a Dag's body is synchronous: async work belongs in tasks" }
    : unknown;

const optionNames = [
  "displayName",
  "description",
  "docMd",
  "tags",
  "owners",
  "schedule",
  "startDate",
  "endDate",
  "catchup",
  "maxActiveRuns",
  "maxActiveTasks",
  "maxConsecutiveFailedRuns",
  "runTimeout",
  "failFast",
  "pausedUponCreation",
  "params",
  "data",
  "taskDefaults",
];

/**
 * Makes a Dag. Export it (alone, or in a list) from a file in the Dags folder.
 * @param body Calls tasks: passing one's Ref to another is the dependency. It has to be synchronous and to give the same nodes each time.
 * @throws AirloomError DAG_INVALID
 * @example
 * export default dag("daily_orders", { schedule: "@daily" }, ({ run }) => {
 *   load(clean(extract(run.logicalDate)));
 * });
 */
export function dag<B, P extends Schema = z.ZodObject<Record<never, never>>, D = undefined>(
  id: string,
  options: DagOptions<P, D> & { readonly data?: Serializable<D> },
  body: ((scope: DagBody<P, D>) => B) & SynchronousResult<B>,
): Dag {
  checkId("Dag", id);
  if (shared.scope) {
    throw dagInvalid(
      `Dag \`${id}\` was made inside the body of Dag \`${shared.scope.dagId}\``,
      "Make Dags at the top of the file, or in a loop there.",
    );
  }
  if (typeof options !== "object" || options === null)
    throw dagInvalid(`The options of Dag \`${id}\` are no object`, `Write \`dag("${id}", {}, () => { … })\`.`);
  checkNames(`Dag \`${id}\``, options, optionNames);
  if (options.tags !== undefined && !Array.isArray(options.tags))
    throw dagInvalid(`The \`tags\` of Dag \`${id}\` are no list`, 'Write `tags: ["one", "another"]`.');
  if (typeof body !== "function")
    throw dagInvalid(`Dag \`${id}\` has no body`, `Write \`dag("${id}", {}, () => { … })\`.`);
  const evaluate = (): EvaluatedDag =>
    buildDag({ id, options, body: body as unknown as (scope: DagBody<Schema, unknown>) => unknown });
  return { id, options, [dagBrand]: evaluate };
}
