import type { FinishedState } from "../states/task-instance-state.ts";

/**
 * Why a task instance is not running, as a code. Each is decided in exactly one file of this folder; `explain.ts` has the words.
 * The scheduler acts on the verdict, `airloom explain` and the UI print it.
 */
export type WaitCode =
  | "run_not_running"
  | "earlier_attempt_ending"
  | "retry_delay"
  | "reschedule_due"
  | "past_run_unfinished"
  | "upstream_unfinished"
  | "map_source_unfinished"
  | "resume_pending";

/** Why an instance was settled without running. */
export type SettleCode =
  | "branch_not_chosen"
  | "trigger_rule"
  | "map_source_empty"
  | "map_source_missing"
  | "map_index_gone"
  | "map_too_long"
  | "task_removed";

/** What core decided about one instance, with its reason. The first check that does not pass wins. */
export type Verdict =
  | { readonly kind: "pass" }
  | { readonly kind: "wait"; readonly code: WaitCode; readonly until?: Date; readonly detail?: string }
  | { readonly kind: "settle"; readonly state: FinishedState; readonly code: SettleCode; readonly detail?: string };

export const pass: Verdict = { kind: "pass" };

/** Why there is no room now for an instance that may run. */
export type HeldCode =
  | "dag_paused"
  | "executor_full"
  | "executor_missing"
  | "pool_full"
  | "pool_missing"
  | "pool_too_small"
  | "run_limit"
  | "run_share"
  | "task_limit"
  | "task_run_limit";
