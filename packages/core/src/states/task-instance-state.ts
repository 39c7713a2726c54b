/**
 * The states of a task instance and the one table of legal moves. Types, the guard in SQL, the diagram in the docs and the
 * tests all derive from it. Meaning of the states: Airflow 3 (`none` is `null` on the wire, for its clients).
 */
export const taskInstanceMoves = {
  none: ["scheduled", "success", "failed", "skipped", "upstream_failed", "removed"],
  scheduled: ["queued", "none", "success", "failed", "skipped", "upstream_failed", "removed"],
  queued: ["running", "scheduled", "none", "success", "failed", "skipped", "removed"],
  running: [
    "success",
    "failed",
    "skipped",
    "up_for_retry",
    "up_for_reschedule",
    "deferred",
    "awaiting_input",
    "scheduled",
    "restarting",
    "removed",
  ],
  restarting: ["none", "scheduled", "success", "failed", "skipped", "upstream_failed", "removed"],
  up_for_retry: ["scheduled", "none", "success", "failed", "skipped", "upstream_failed", "removed"],
  up_for_reschedule: ["scheduled", "none", "success", "failed", "skipped", "upstream_failed", "removed"],
  deferred: ["scheduled", "none", "success", "failed", "skipped", "removed"],
  awaiting_input: ["scheduled", "none", "success", "failed", "skipped", "removed"],
  success: ["none", "failed", "skipped"],
  failed: ["none", "success", "skipped"],
  skipped: ["none", "success", "failed"],
  upstream_failed: ["none", "success", "failed", "skipped"],
  removed: ["none"],
} as const satisfies Record<string, readonly string[]>;

export type TaskInstanceState = keyof typeof taskInstanceMoves;

/** The states that `From` may be followed by: an illegal move does not compile. */
export type NextState<From extends TaskInstanceState> = (typeof taskInstanceMoves)[From][number];

export const taskInstanceStates = Object.keys(taskInstanceMoves) as readonly TaskInstanceState[];

export const finishedStates = ["success", "failed", "skipped", "upstream_failed", "removed"] as const;
export type FinishedState = (typeof finishedStates)[number];

const finished: ReadonlySet<string> = new Set(finishedStates);

/** Whether nothing more happens to the instance by itself. */
export const isFinished = (state: TaskInstanceState): state is FinishedState => finished.has(state);

/** Whether the instance holds slots of its pool, its executor and its limits. */
export const holdsSlots = (state: TaskInstanceState): boolean =>
  state === "queued" || state === "running" || state === "restarting";

/** Whether the table allows `from` to be followed by `to`. */
export const isLegalMove = (from: TaskInstanceState, to: TaskInstanceState): boolean =>
  (taskInstanceMoves[from] as readonly TaskInstanceState[]).includes(to);
