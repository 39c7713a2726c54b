export type { DagGraph } from "./dag-spec/dag-graph.ts";
export { type DagSpec, type GroupSpec, specFormat } from "./dag-spec/dag-spec.ts";
export type { ArgSpec, RunField, TaskKind, TaskSpec } from "./dag-spec/task-spec.ts";
export { type Duration, formatDuration, parseDuration } from "./duration.ts";
export { AirloomError, type ErrorCode, errors } from "./errors.ts";
export type { Json, JsonObject } from "./json.ts";
export { parseRunId, runId } from "./run-id.ts";
export type { DagRunView, RunView, SourceLength, Tally, TaskInstanceView } from "./scheduling/run-view.ts";
export { type TriggerRule, triggerRuleNames } from "./scheduling/trigger-rule-name.ts";
export { type HeldCode, pass, type SettleCode, type Verdict, type WaitCode } from "./scheduling/verdict.ts";
export {
  type DagRunState,
  dagRunMoves,
  dagRunStates,
  isLegalRunMove,
  isRunFinished,
  type RunType,
  runTypes,
  type TriggeredBy,
} from "./states/dag-run-state.ts";
export {
  type FinishedState,
  finishedStates,
  holdsSlots,
  isFinished,
  isLegalMove,
  type NextState,
  type TaskInstanceState,
  taskInstanceMoves,
  taskInstanceStates,
} from "./states/task-instance-state.ts";
export { parseTimetable } from "./timetables/parse-timetable.ts";
export type { DataInterval, NextRunQuestion, RunTimes, Timetable } from "./timetables/timetable.ts";
export type { TimetableSpec } from "./timetables/timetable-spec.ts";
