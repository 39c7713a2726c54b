export { type DagGraph, graphOf } from "./dag-spec/dag-graph.ts";
export { type DagSpec, type GroupSpec, specFormat } from "./dag-spec/dag-spec.ts";
export { exclusionsOf } from "./dag-spec/exclusions.ts";
export { mapSourceTasks, type SourceLength, sourceLengthsOf } from "./dag-spec/map-sources.ts";
export type { ArgSpec, RunField, TaskKind, TaskSpec } from "./dag-spec/task-spec.ts";
export { readSpec } from "./dag-spec/upcast.ts";
export { type Duration, parseDuration } from "./duration.ts";
export { AirloomError, type ErrorCode, errors } from "./errors.ts";
export {
  type CommitPoint,
  commitPoint,
  commitPointsOf,
  failpoint,
  installFailpoints,
  isReplyLost,
  ReplyLost,
} from "./failpoint.ts";
export {
  type FailpointAction,
  type FailpointName,
  failpoints,
  failpointsToCome,
  listedFailpoint,
} from "./failpoint-list.ts";
export type { Json, JsonObject } from "./json.ts";
export { parseRunId, runId } from "./run-id.ts";
export {
  type Admission,
  type AdmissionCandidate,
  admit,
  type Capacity,
  taskSlotKey,
} from "./scheduling/admission.ts";
export { decideAdvance } from "./scheduling/advance.ts";
export type {
  AdvanceCode,
  AdvanceDecision,
  AdvanceLimits,
  AdvanceMove,
  Expansion,
} from "./scheduling/advance-decision.ts";
export {
  type ClearDecision,
  type ClearMove,
  type ClearOptions,
  type ClearView,
  decideClear,
} from "./scheduling/clear.ts";
export { type ExplainSubject, explain } from "./scheduling/explain.ts";
export type { ExplainFacts, Explanation } from "./scheduling/explanation.ts";
export {
  decideFinish,
  type FinishCode,
  type FinishDecision,
  type FinishedAttempt,
  type FinishOutcome,
} from "./scheduling/finish.ts";
export {
  decideMarkRun,
  decideMarkTask,
  type MarkMove,
  type MarkOptions,
  type MarkRunDecision,
  type MarkTaskDecision,
} from "./scheduling/mark.ts";
export { decidePast, type PastStates } from "./scheduling/past.ts";
export { readiness } from "./scheduling/readiness.ts";
export type { RetryKey } from "./scheduling/retry-delay.ts";
export { decideRunOutcome, type RunOutcome, type RunOutcomeFacts } from "./scheduling/run-outcome.ts";
export {
  decideFailFast,
  decideRunTimeout,
  type StopDecision,
  type StopMove,
  type StopView,
} from "./scheduling/run-stop.ts";
export type { DagRunView, RunView, Tally, TaskInstanceView } from "./scheduling/run-view.ts";
export type { TaskSelection } from "./scheduling/selection.ts";
export { type StateChange, type TallyDelta, tallyDeltasFor } from "./scheduling/tally.ts";
export { triggerRuleVerdict } from "./scheduling/trigger-rule.ts";
export { type TriggerRule, triggerRuleNames } from "./scheduling/trigger-rule-name.ts";
export type { HeldCode, SettleCode, Verdict, WaitCode } from "./scheduling/verdict.ts";
export { isSensitiveName } from "./sensitive-names.ts";
export type { Service, Timers } from "./service.ts";
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
