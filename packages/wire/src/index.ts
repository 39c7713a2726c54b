export { toJsonView } from "./codec/json-view.ts";
export { type MessageOptions, messageMediaType, packMessage, unpackMessage } from "./codec/message.ts";
export { fromTagged, toTagged } from "./codec/tagged.ts";
export { decodeValue, type EncodeOptions, encodeValue } from "./codec/value-bytes.ts";
export type {
  ArtifactManifest,
  ArtifactPart,
  ImportError,
  ParsedDag,
  ParseReport,
  ParseSession,
} from "./execution/artifact.ts";
export type {
  AttemptRef,
  FailureReport,
  FinishReply,
  FinishRequest,
  HeartbeatReply,
  HeartbeatRequest,
  Outcome,
  ReleasedRef,
  XComOutput,
} from "./execution/attempt.ts";
export type {
  ConnectionValue,
  ExecutionContract,
  WorkerRegistration,
  WorkerTerms,
  XComQuery,
} from "./execution/execution-contract.ts";
export { createHttpExecution, type HttpExecutionOptions } from "./execution/http-client.ts";
export {
  type ExecutionAnswer,
  type ExecutionCall,
  type ExecutionMethod,
  executionMethods,
  executionPath,
} from "./execution/http-route.ts";
export type { LogBatch, LogLevel, LogRecord } from "./execution/log-record.ts";
export type { ClaimReply, ClaimRequest, InputValue, RunFacts, TaskWorkload, Workload } from "./execution/workload.ts";
