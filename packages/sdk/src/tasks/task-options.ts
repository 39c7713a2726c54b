import type { Duration, TriggerRule } from "@airloom/core";
import type { z } from "zod";

/** Any zod schema (of values of type T). */
export type Schema<T = unknown> = z.ZodType<T>;

/** What comes out of a schema. */
export type SchemaOutput<S extends Schema> = z.output<S>;

/** What an author may say about a task beside its function. Everything has a default. */
export interface TaskOptions<Rule extends TriggerRule = TriggerRule> {
  /** Another id than the task's own; needed for a second call in one Dag. */
  readonly id?: string;
  readonly displayName?: string;
  readonly docMd?: string;
  /** Further tries after a failure. Default 0. */
  readonly retries?: number;
  /** Default "5m". */
  readonly retryDelay?: Duration;
  /** Each delay is this many times the one before; true = 2. Default 1: no growth. */
  readonly retryBackoff?: number | boolean;
  /** Longest delay that growth may reach. */
  readonly maxRetryDelay?: Duration;
  /** Longest time one try may run. Default: no limit of its own. */
  readonly timeout?: Duration;
  /** Default "default_pool". */
  readonly pool?: string;
  /** Default 1. */
  readonly poolSlots?: number;
  /** Default "default". */
  readonly queue?: string;
  /** Default: the executor the configuration names. */
  readonly executor?: string;
  /** Higher goes first. Default 1. */
  readonly priority?: number;
  /** Whose priorities count as its own: those after it (default), those before it, or nobody's. */
  readonly weightRule?: "downstream" | "upstream" | "absolute";
  /** When it may run, given its upstreams' states. Default "all_success"; under another rule a Ref's value may be missing. */
  readonly triggerRule?: Rule;
  /** Wait for the same task of the run before. Default false. */
  readonly dependsOnPast?: boolean;
  /** Also wait for the tasks directly after it in the run before. Default false. */
  readonly waitForDownstream?: boolean;
  /** "fresh": a process that never ran anything. Default "warm". */
  readonly isolation?: "warm" | "fresh";
  /** What a lost attempt (dead worker) means. Default "retry", which uses no try; "fail" for what must not run twice. */
  readonly onLost?: "retry" | "fail";
  /** Most instances at once over all runs of the Dag; of one run. Default: no limit of its own. */
  readonly maxActivePerDag?: number;
  readonly maxActivePerRun?: number;
  /** Checks what goes in: the argument of a task with one parameter, or all of them when it is a `z.tuple`. */
  readonly input?: Schema;
  /** Checks what comes out. */
  readonly output?: Schema;
}

/** Defaults for all tasks of a Dag or group. The trigger rule is not among them: it changes what a task's parameters may be. */
export type TaskDefaults = Omit<TaskOptions, "id" | "displayName" | "docMd" | "triggerRule" | "input" | "output">;

/** Every option by name: unknown ones are refused where they are written, and operators tell options from parameters by it. */
const known: Readonly<Record<keyof TaskOptions, true>> = {
  id: true,
  displayName: true,
  docMd: true,
  retries: true,
  retryDelay: true,
  retryBackoff: true,
  maxRetryDelay: true,
  timeout: true,
  pool: true,
  poolSlots: true,
  queue: true,
  executor: true,
  priority: true,
  weightRule: true,
  triggerRule: true,
  dependsOnPast: true,
  waitForDownstream: true,
  isolation: true,
  onLost: true,
  maxActivePerDag: true,
  maxActivePerRun: true,
  input: true,
  output: true,
};

export const isTaskOption = (name: string): name is keyof TaskOptions => Object.hasOwn(known, name);

export const taskOptionNames = Object.keys(known);
