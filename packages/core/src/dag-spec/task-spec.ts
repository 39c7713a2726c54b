import type { Json } from "../json.ts";
import type { TriggerRule } from "../scheduling/trigger-rule-name.ts";

/** What decides after the node's function returned: nothing, the branch it chose, or whether anything follows. */
export type TaskKind = "task" | "branch" | "short_circuit" | "empty";

/** One node of the graph, as data. */
export interface TaskSpec {
  /** With the ids of its groups: `extract_group.load`. */
  readonly id: string;
  readonly kind: TaskKind;
  /** What made it, for people and filters: `task`, `branch`, `bash`, `python`, `sql`, or an author's own name. */
  readonly operator: string;
  readonly group: string | null;
  readonly displayName: string;
  readonly docMd: string | null;
  /** Ids of the tasks directly before it (data and order alike), sorted. */
  readonly upstream: readonly string[];
  readonly args: readonly ArgSpec[];
  /** Every argument is a list and the node becomes one instance per element (several lists: their cross product, first list slowest). */
  readonly mapped: boolean;
  /** A mapped task reads this one's list: its elements are stored apart. */
  readonly elementwise: boolean;
  /** For `branch`: which direct downstream tasks each key leads to. */
  readonly branches: Readonly<Record<string, readonly string[]>> | null;
  readonly triggerRule: TriggerRule;
  readonly retries: number;
  readonly retryDelaySeconds: number;
  /** 1 = no growth. */
  readonly retryBackoff: number;
  readonly maxRetryDelaySeconds: number | null;
  readonly executionTimeoutSeconds: number | null;
  readonly pool: string;
  readonly poolSlots: number;
  readonly priorityWeight: number;
  readonly weightRule: "downstream" | "upstream" | "absolute";
  readonly queue: string;
  /** null = the default executor. */
  readonly executor: string | null;
  readonly maxActivePerDag: number | null;
  readonly maxActivePerRun: number | null;
  readonly dependsOnPast: boolean;
  readonly waitForDownstream: boolean;
  /** `fresh`: a child process that never ran anything. */
  readonly isolation: "warm" | "fresh";
  /** What a lost attempt (dead worker) means: try again without using a try, or fail at once. */
  readonly onLost: "retry" | "fail";
  /** JSON Schemas of what goes in and comes out, when the author gave zod schemas; else null. */
  readonly inputSchema: Json;
  readonly outputSchema: Json;
  /** Hash of what this node is (id, operator, options, argument sources): a child checks it before it runs the node. */
  readonly digest: string;
}

/** Where an argument's value comes from. `value` holds the tagged JSON of `wire`'s codec (dates and the like survive). */
export type ArgSpec =
  | { readonly kind: "value"; readonly value: Json }
  | { readonly kind: "xcom"; readonly task: string }
  | { readonly kind: "run"; readonly field: RunField }
  | { readonly kind: "param"; readonly path: readonly string[] }
  | { readonly kind: "variable"; readonly key: string }
  | { readonly kind: "array"; readonly items: readonly ArgSpec[] }
  | { readonly kind: "object"; readonly entries: Readonly<Record<string, ArgSpec>> };

/** The run's own facts an argument may be: `Date`s but for `runId`, `runType`, `conf`. */
export type RunField = "logicalDate" | "intervalStart" | "intervalEnd" | "runAfter" | "runId" | "runType" | "conf";
