import type { DagSpec, Duration } from "@airloom/core";
import type { z } from "zod";
import { checkNames, dagInvalid } from "../authoring-error.ts";
import { shared } from "../shared-state.ts";
import type { Schema, TaskDefaults } from "../tasks/task-options.ts";
import type { ParamRef, RunRefs, VariableRefs } from "../values/facts.ts";
import type { FactRef } from "../values/ref.ts";
import type { Serializable } from "../values/serializable.ts";
import { buildDag } from "./build-dag.ts";
import { checkId } from "./dag-scope.ts";
import type { NodeCode } from "./node-code.ts";
import type { Schedule } from "./schedule.ts";

/** What an author may say about a Dag. Everything has a default. */
export interface DagOptions<P extends Schema = Schema, D = unknown> {
  readonly displayName?: string;
  readonly description?: string;
  readonly docMd?: string;
  readonly tags?: readonly string[];
  readonly owners?: readonly string[];
  /** Default null: runs are made by hand only. */
  readonly schedule?: Schedule;
  /** Bounds of scheduled runs. Text without an offset is UTC. */
  readonly startDate?: string | Date;
  readonly endDate?: string | Date;
  /** Make runs for the whole past since `startDate`. Default false. */
  readonly catchup?: boolean;
  /** Default 16. */
  readonly maxActiveRuns?: number;
  /** Queued and running task instances of one run. Default 16. */
  readonly maxActiveTasks?: number;
  /** Pause the Dag after so many failed runs in a row. Default 0: never. */
  readonly maxConsecutiveFailedRuns?: number;
  /** Longest time a run may take. Default: no limit. */
  readonly runTimeout?: Duration;
  /** One failed task ends the run. Default false. */
  readonly failFast?: boolean;
  /** Default: what the configuration says. */
  readonly pausedUponCreation?: boolean;
  /** What a run may be given: a `z.object`. */
  readonly params?: P;
  /** The row this Dag is made from. It reaches the body as `data`, and changing it makes a new version of this Dag alone. */
  readonly data?: D;
  /** Options of all tasks that do not say otherwise. */
  readonly taskDefaults?: TaskDefaults;
}

/** What a Dag's body gets. */
export interface DagBody<P extends Schema, D> {
  readonly run: RunRefs;
  readonly params: ParamRef<z.output<P>>;
  readonly variables: VariableRefs;
  readonly data: D;
}

export const dagBrand: unique symbol = Symbol.for("airloom.dag");

/** What evaluating a Dag's body gives: the Spec, and the code of its nodes by task id. */
export interface EvaluatedDag {
  readonly spec: DagSpec;
  readonly nodes: ReadonlyMap<string, NodeCode>;
}

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
  checkNames(`Dag \`${id}\``, options, optionNames);
  if (typeof body !== "function")
    throw dagInvalid(`Dag \`${id}\` has no body`, `Write \`dag("${id}", {}, () => { … })\`.`);
  const evaluate = (): EvaluatedDag =>
    buildDag({ id, options, body: body as unknown as (scope: DagBody<Schema, unknown>) => unknown });
  return { id, options, [dagBrand]: evaluate };
}

export type { FactRef };
