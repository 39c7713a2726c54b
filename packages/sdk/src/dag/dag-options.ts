import type { DagSpec, Duration } from "@airloom/core";
import type { z } from "zod";
import type { Schema, TaskDefaults } from "../tasks/task-options.ts";
import type { ParamRef, RunRefs, VariableRefs } from "../values/facts.ts";
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

/** What evaluating a Dag's body gives: the Spec, and the code of its nodes by task id. */
export interface EvaluatedDag {
  readonly spec: DagSpec;
  readonly nodes: ReadonlyMap<string, NodeCode>;
}
