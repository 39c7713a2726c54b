export type { DagRunVerbs, NewDagRun } from "./dag-run-verbs.ts";
export type { DagFileRow, DefinitionVerbs, ImportErrorRow, NewArtifact, PublishedDag } from "./definition-verbs.ts";
export type { LimitVerbs, LiveSlots, LockOptions } from "./limit-verbs.ts";
export {
  createMemoryDatabase,
  createMemoryStore,
  type MemoryDatabase,
  type MemoryStoreOptions,
} from "./memory/memory-store.ts";
export { DeadlockError } from "./memory/row-lock.ts";
export type { StoredExclusion, StoredTally, StoredWakeup, StoredXCom, WatchedRows } from "./memory/tables.ts";
export type { QuarantineRow, QuarantineVerbs } from "./quarantine-verbs.ts";
export {
  type Condition,
  type ConnectionField,
  type DagField,
  type DagListing,
  type DagRunField,
  type DagRunListing,
  type DagVersionField,
  type DagVersionListing,
  type EventField,
  type EventListing,
  type ImportErrorField,
  type Listed,
  type ListQuery,
  listLimit,
  type PoolField,
  type PoolUse,
  type PoolWarning,
  type PoolWarningField,
  type Reads,
  type TagField,
  type TaskInstanceField,
  type TaskInstanceListing,
  type VariableField,
  type VersionFacts,
  type XComField,
  type XComListing,
} from "./reads.ts";
export type {
  AttemptRow,
  DagRow,
  DagRunRow,
  DagVersionRow,
  EventRow,
  ExecutorRow,
  PoolRow,
  RunTimesRow,
  ServiceRow,
  TallyRow,
  TaskInstanceRow,
  WorkerRow,
  XComRow,
} from "./rows.ts";
export type { HintTopic, Store, Tx } from "./store.ts";
export type {
  AttemptEnd,
  AttemptKey,
  ClaimedRow,
  ClaimOptions,
  NewTaskInstance,
  TaskInstanceMove,
  TaskInstanceVerbs,
} from "./task-instance-verbs.ts";
export type { ConnectionRow, LogRow, NewXCom, SecretRow, UserRow, ValueVerbs } from "./value-verbs.ts";
