/** The states of a Dag run and the one table of legal moves (Airflow 3: `success` and `failed` go back to `queued` when cleared). */
export const dagRunMoves = {
  queued: ["running", "success", "failed"],
  running: ["success", "failed", "queued"],
  success: ["queued", "failed"],
  failed: ["queued", "success"],
} as const satisfies Record<string, readonly string[]>;

export type DagRunState = keyof typeof dagRunMoves;

export const dagRunStates = Object.keys(dagRunMoves) as readonly DagRunState[];

export const isRunFinished = (state: DagRunState): state is "success" | "failed" =>
  state === "success" || state === "failed";

export const isLegalRunMove = (from: DagRunState, to: DagRunState): boolean =>
  (dagRunMoves[from] as readonly DagRunState[]).includes(to);

/** Why a run exists (Airflow's `run_type`). */
export const runTypes = [
  "scheduled",
  "manual",
  "backfill",
  "asset_triggered",
  "asset_materialization",
  "operator_triggered",
] as const;
export type RunType = (typeof runTypes)[number];

/** Who asked for it (Airflow's `triggered_by`). */
export type TriggeredBy = "cli" | "operator" | "rest_api" | "ui" | "test" | "timetable" | "asset" | "backfill";
