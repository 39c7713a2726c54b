import type { Json } from "../json.ts";
import type { TimetableSpec } from "../timetables/timetable-spec.ts";
import type { TaskSpec } from "./task-spec.ts";

/** Version of the stored form. A reader upcasts older ones (`upcast.ts`) and refuses newer ones. */
export const specFormat = 1;

/** What the author wrote, as plain data: stored with each version of a Dag and the only thing the control plane reads. */
export interface DagSpec {
  readonly format: typeof specFormat;
  readonly dagId: string;
  readonly displayName: string;
  readonly description: string | null;
  readonly docMd: string | null;
  readonly tags: readonly string[];
  readonly owners: readonly string[];
  readonly schedule: TimetableSpec;
  /** ISO-8601 instants, UTC. */
  readonly startDate: string | null;
  readonly endDate: string | null;
  readonly catchup: boolean;
  readonly maxActiveRuns: number;
  /** Queued and running task instances in one run. */
  readonly maxActiveTasks: number;
  /** Pause the Dag after so many failed runs in a row; 0 = never. */
  readonly maxConsecutiveFailedRuns: number;
  readonly runTimeoutSeconds: number | null;
  readonly failFast: boolean;
  readonly pausedUponCreation: boolean | null;
  /** JSON Schema (2020-12) of the params, and the defaults a run starts from. */
  readonly params: { readonly schema: Json; readonly defaults: Readonly<Record<string, Json>> };
  /** True when a task reads `run.logicalDate`, so that a run without one is refused at the trigger. */
  readonly needsLogicalDate: boolean;
  /** The row this Dag was made from (`dag(id, { data })`); null when it was not. */
  readonly data: Json;
  readonly groups: readonly GroupSpec[];
  readonly tasks: readonly TaskSpec[];
  /** Words on edges, for people: `a -> b`. */
  readonly edgeLabels: readonly { readonly from: string; readonly to: string; readonly label: string }[];
}

/** A named subgraph; `id` carries the ids of the groups around it (`outer.inner`), as task ids in it do. */
export interface GroupSpec {
  readonly id: string;
  readonly displayName: string;
  readonly tooltip: string | null;
  readonly parent: string | null;
}
