export type { DagRunVerbs, NewDagRun } from "./dag-run-verbs.ts";
export type { DagFileRow, DefinitionVerbs, ImportErrorRow, NewArtifact, PublishedDag } from "./definition-verbs.ts";
export type { LimitVerbs, LiveSlots, LockOptions } from "./limit-verbs.ts";
export { createMemoryStore, type MemoryStoreOptions } from "./memory/memory-store.ts";
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
