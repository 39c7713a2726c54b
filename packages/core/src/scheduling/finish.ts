import type { TaskSpec } from "../dag-spec/task-spec.ts";
import { type RetryKey, retryDelaySeconds } from "./retry-delay.ts";

/** How an attempt ended, as far as the state depends on it. The execution contract's `Outcome` fits it. */
export type FinishOutcome =
  /** `decision`: the key that a branch chose, or whether a short circuit goes on. */
  | { readonly kind: "succeeded"; readonly decision?: string | boolean }
  | { readonly kind: "skipped" }
  | { readonly kind: "failed"; readonly retry: boolean }
  /** ISO-8601. */
  | { readonly kind: "rescheduled"; readonly at: string }
  /** `neverRan`: its supervisor gave it back before anything of it ran. */
  | { readonly kind: "lost"; readonly neverRan?: boolean };

/** The attempt that ended. */
export interface FinishedAttempt {
  readonly key: RetryKey;
  readonly task: TaskSpec;
  readonly tryNumber: number;
  readonly maxTries: number;
  /** Attempts of this try that were lost before this one. */
  readonly losses: number;
  /** At this many lost attempts in one try the loss counts as a failure. @default 3 */
  readonly maxLosses?: number;
}

export type FinishCode =
  | "succeeded"
  | "skipped_by_task"
  | "failed"
  | "failed_no_retry"
  | "failed_branch_key"
  | "retry"
  | "rescheduled"
  | "lost"
  | "lost_too_often"
  | "lost_not_repeatable";

export interface FinishDecision {
  readonly to: "success" | "failed" | "skipped" | "up_for_retry" | "up_for_reschedule" | "scheduled";
  readonly code: FinishCode;
  /** When the retry or the reschedule is due; null for every other state. */
  readonly nextDueAt: Date | null;
  /** Losses of the try that goes on; 0 when a try ended. */
  readonly losses: number;
}

/**
 * WHAT DOES THIS OUTCOME MEAN? The state an attempt's end leads to. A failure is retried while the task has retries and
 * `tryNumber ≤ maxTries` (Airflow's rule: clearing raises `maxTries`). A lost attempt (dead worker) uses no try and is
 * scheduled again, unless the task must not run twice (`onLost: "fail"`) or was lost too often; one of which nothing ran always is.
 */
export function decideFinish(attempt: FinishedAttempt, outcome: FinishOutcome, now: Date): FinishDecision {
  switch (outcome.kind) {
    case "succeeded":
      return isDecided(attempt.task, outcome.decision)
        ? ended("success", "succeeded")
        : failedOrRetry(attempt, now, "failed_branch_key");
    case "skipped":
      return ended("skipped", "skipped_by_task");
    case "rescheduled":
      return {
        to: "up_for_reschedule",
        code: "rescheduled",
        nextDueAt: dueAt(outcome.at, now),
        losses: attempt.losses,
      };
    case "failed":
      return outcome.retry ? failedOrRetry(attempt, now, "failed") : ended("failed", "failed_no_retry");
    case "lost":
      if (outcome.neverRan) return { to: "scheduled", code: "lost", nextDueAt: null, losses: attempt.losses };
      return decideLost(attempt, now);
  }
}

/** A branch that chose none of its keys has failed: nobody could say what follows it. */
const isDecided = ({ kind, branches }: TaskSpec, decision: string | boolean | undefined): boolean =>
  kind !== "branch" || Object.hasOwn(branches ?? {}, String(decision));

/** Whether a failure of this try is followed by another one. */
const hasRetriesLeft = ({
  task,
  tryNumber,
  maxTries,
}: Pick<FinishedAttempt, "task" | "tryNumber" | "maxTries">): boolean => task.retries > 0 && tryNumber <= maxTries;

const ended = (to: "success" | "failed" | "skipped", code: FinishCode): FinishDecision => ({
  to,
  code,
  nextDueAt: null,
  losses: 0,
});

function decideLost(attempt: FinishedAttempt, now: Date): FinishDecision {
  if (attempt.task.onLost === "fail") return ended("failed", "lost_not_repeatable");
  const losses = attempt.losses + 1;
  if (losses >= (attempt.maxLosses ?? 3)) return failedOrRetry(attempt, now, "lost_too_often");
  return { to: "scheduled", code: "lost", nextDueAt: null, losses };
}

function failedOrRetry(attempt: FinishedAttempt, now: Date, code: FinishCode): FinishDecision {
  if (!hasRetriesLeft(attempt)) return ended("failed", code);
  const seconds = retryDelaySeconds(attempt.task, attempt.key, attempt.tryNumber);
  const nextDueAt = new Date(now.getTime() + seconds * 1_000);
  return { to: "up_for_retry", code: code === "failed" ? "retry" : code, nextDueAt, losses: 0 };
}

/** A time that cannot be read means "at once": the sensor pokes again and says what is wrong by itself. */
function dueAt(at: string, now: Date): Date {
  const due = new Date(at);
  return Number.isNaN(due.getTime()) ? now : due;
}
