import type { DagGraph } from "../dag-spec/dag-graph.ts";
import type { SourceLength } from "../dag-spec/map-sources.ts";
import type { JsonObject } from "../json.ts";
import type { DagRunState, RunType } from "../states/dag-run-state.ts";
import type { TaskInstanceState } from "../states/task-instance-state.ts";

/** Upstream instances of one task in one run, counted by state. Kept by the finishing transactions, so that fan-in reads one row. */
export interface Tally {
  readonly total: number;
  readonly success: number;
  readonly failed: number;
  readonly upstreamFailed: number;
  readonly skipped: number;
  readonly removed: number;
}

/** A run as the core sees it. */
export interface DagRunView {
  readonly id: number;
  readonly dagId: string;
  readonly runId: string;
  readonly runType: RunType;
  readonly state: DagRunState;
  readonly logicalDate: Date | null;
  readonly intervalStart: Date | null;
  readonly intervalEnd: Date | null;
  readonly runAfter: Date;
  readonly startedAt: Date | null;
  readonly conf: JsonObject;
  /** Task instances that are not finished. */
  readonly unfinished: number;
}

/** A task instance as the core sees it. */
export interface TaskInstanceView {
  readonly id: string;
  readonly taskId: string;
  /** -1 = not mapped, or not expanded yet. */
  readonly mapIndex: number;
  readonly state: TaskInstanceState;
  readonly attempt: number;
  readonly tryNumber: number;
  readonly maxTries: number;
  /** Attempts of the present try that were lost. */
  readonly losses: number;
  /** When a retry or a reschedule is due. */
  readonly nextDueAt: Date | null;
  /** Set while an earlier attempt may still be alive (a cleared or marked running task). */
  readonly leaseUntil: Date | null;
}

/** A snapshot of a run, or of the part of it that has to be decided. */
export interface RunView {
  readonly run: DagRunView;
  readonly graph: DagGraph;
  /** The instances to decide. */
  readonly instances: readonly TaskInstanceView[];
  readonly tallies: ReadonlyMap<string, Tally>;
  /** What finished branches and short circuits excluded: ids of tasks to skip, by deciding task. */
  readonly exclusions: ReadonlyMap<string, readonly string[]>;
  /** For tasks that depend on past: whether the same task of the run before lets them go on. Absent = nothing to wait for. */
  readonly past: ReadonlyMap<string, "met" | "unmet">;
  /** For mapped tasks: lengths of the lists, in the order of the arguments. */
  readonly sourceLengths: ReadonlyMap<string, readonly SourceLength[]>;
  /** How many instances of a mapped task there are (indexes 0 … n-1): lets a cleared one grow when its list did. Absent = it does not grow. */
  readonly expanded?: ReadonlyMap<string, number>;
  /** How long after its lease an earlier attempt counts as possibly alive, ms. @default 0 */
  readonly leaseGraceMs?: number;
  /** True when `instances` and `tallies` hold all unfinished instances of the run: nothing more to load. @default false */
  readonly whole?: boolean;
}
