import type { DagSpec } from "./dag-spec.ts";
import type { TaskSpec } from "./task-spec.ts";

/** What follows from a Spec alone, derived once per version: neighbours, order, weights, leaves. */
export interface DagGraph {
  readonly spec: DagSpec;
  readonly tasks: ReadonlyMap<string, TaskSpec>;
  readonly downstream: ReadonlyMap<string, readonly string[]>;
  readonly roots: readonly string[];
  readonly leaves: readonly string[];
  /** Every task after all its upstreams. */
  readonly order: readonly string[];
  /** Total priority by the task's weight rule (Airflow: higher first). */
  readonly weights: ReadonlyMap<string, number>;
  /** Branches and short circuits: their results exclude tasks. */
  readonly deciders: ReadonlySet<string>;
  /** Mapped tasks by the task whose list they read. */
  readonly mappedBy: ReadonlyMap<string, readonly string[]>;
}
