import type { FinishedState } from "../states/task-instance-state.ts";
import type { TaskInstanceView } from "./run-view.ts";
import type { TallyDelta } from "./tally.ts";
import type { SettleCode } from "./verdict.ts";

/** Why an instance moves: it may run, it is an empty task and done, its earlier attempt ended, or a settling code. */
export type AdvanceCode = "ready" | "nothing_to_run" | "earlier_attempt_ended" | SettleCode;

/** One guarded write: from the state the view showed. At most one per instance. */
export interface AdvanceMove {
  readonly instance: TaskInstanceView;
  readonly to: "none" | "scheduled" | FinishedState;
  readonly code: AdvanceCode;
  /** After the move: one more when a try begins, the same when a rescheduled one goes on. */
  readonly tryNumber: number;
  /** After the move: 0 when a placeholder was expanded, else as it was. */
  readonly mapIndex: number;
  readonly detail?: string;
}

/** Instances to insert: those of `instance`'s task with the map indexes `have` … `length - 1`, in the state `to` (try 1 when scheduled). */
export interface Expansion {
  /** The placeholder (index -1, which becomes index 0 by its own move), or an instance of a list that grew. */
  readonly instance: TaskInstanceView;
  readonly have: number;
  readonly length: number;
  readonly to: "scheduled" | "success";
}

export interface AdvanceDecision {
  readonly moves: readonly AdvanceMove[];
  readonly expansions: readonly Expansion[];
  /** What the moves and expansions add to the tallies; the inserted rows of `expansions` included. */
  readonly tallyDeltas: readonly TallyDelta[];
  /**
   * Tasks that these moves concern and that could not be decided with them: apply the moves, load the whole run, decide again.
   * For a `whole` view these are only tasks that map over a mapped one, whose list has to be read anew; it comes to an end.
   */
  readonly needsMore: readonly string[];
  /** The earliest time at which a waiting instance of the view may go on by itself; null when none waits for time. */
  readonly wakeAt: Date | null;
}

export interface AdvanceLimits {
  /** A mapped task with more elements fails (Airflow: `core.max_map_length`). @default 1024 */
  readonly maxMapLength: number;
}

export const defaultAdvanceLimits: AdvanceLimits = { maxMapLength: 1_024 };
