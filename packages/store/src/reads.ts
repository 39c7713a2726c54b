import type { RunType } from "@airloom/core";
import type { ImportErrorRow } from "./definition-verbs.ts";
import type {
  DagRow,
  DagRunRow,
  DagVersionRow,
  EventRow,
  ExecutorRow,
  PoolRow,
  TaskInstanceRow,
  XComRow,
} from "./rows.ts";
import type { ConnectionRow, SecretRow } from "./value-verbs.ts";

/** One condition of a list; all of a query's conditions must hold. */
export type Condition<Field extends string> =
  | { readonly kind: "in"; readonly field: Field; readonly values: readonly (string | number | boolean | null)[] }
  | { readonly kind: "notIn"; readonly field: Field; readonly values: readonly (string | number | boolean)[] }
  /** Contains one of these, whatever the case; `%` and `_` are wildcards. */
  | { readonly kind: "like"; readonly field: Field; readonly patterns: readonly string[] }
  /** Starts with one of these, by case; nothing is a wildcard. */
  | { readonly kind: "prefix"; readonly field: Field; readonly prefixes: readonly string[] }
  | {
      readonly kind: "compare";
      readonly field: Field;
      readonly is: ">=" | ">" | "<=" | "<";
      readonly value: Date | number;
    }
  /** For fields that are lists: has all of these, or any. */
  | { readonly kind: "holds"; readonly field: Field; readonly values: readonly string[]; readonly all: boolean };

export interface ListQuery<Field extends string> {
  readonly where: readonly Condition<Field>[];
  /** Rows of equal order follow the list's own order, so that pages never overlap. */
  readonly orderBy: readonly { readonly field: Field; readonly descending: boolean }[];
  readonly limit: number;
  readonly offset: number;
}

/** A page of a list. Rows beyond `listLimit` are not counted: `total` is exact below it, and `capped` says that it is not. */
export interface Listed<Row> {
  readonly rows: readonly Row[];
  readonly total: number;
  readonly capped: boolean;
}

/** Up to here a list's rows are counted: more would make each page of a long history read all of it. */
export const listLimit = 100_000;

export type DagField =
  | "dagId"
  | "displayName"
  | "file"
  | "isPaused"
  | "isStale"
  | "tags"
  | "owners"
  | "isScheduled"
  | "nextRunAfter"
  | "hasImportErrors"
  | "lastRunState"
  | "lastRunStartedAt"
  | "runStates";

export interface DagListing extends DagRow {
  readonly displayName: string;
  readonly description: string | null;
  readonly tags: readonly string[];
  readonly owners: readonly string[];
  /** How long the last parse took. */
  readonly parseSeconds: number | null;
  readonly hasImportErrors: boolean;
}

export type DagRunField =
  | "key"
  | "dagId"
  | "displayName"
  | "runId"
  | "runType"
  | "state"
  | "conf"
  | "logicalDate"
  | "runAfter"
  | "startedAt"
  | "endedAt"
  | "duration"
  | "queuedAt"
  | "updatedAt"
  | "triggeringUser"
  | "versionNumber"
  | "note";

export interface VersionFacts {
  readonly versionId: string;
  readonly versionNumber: number;
  readonly versionCreatedAt: Date;
}

export interface DagRunListing extends DagRunRow, VersionFacts {
  readonly displayName: string;
}

export type TaskInstanceField =
  | "id"
  | "runKey"
  | "dagId"
  | "displayName"
  | "runId"
  | "runType"
  | "taskId"
  | "mapIndex"
  | "state"
  | "pool"
  | "queue"
  | "executor"
  | "operator"
  | "tryNumber"
  | "maxTries"
  | "priority"
  | "versionNumber"
  | "logicalDate"
  | "runAfter"
  | "startedAt"
  | "endedAt"
  | "duration"
  | "queuedAt"
  | "scheduledAt"
  | "updatedAt"
  | "note";

export interface TaskInstanceListing extends TaskInstanceRow, VersionFacts {
  readonly displayName: string;
  readonly runId: string;
  readonly runType: RunType;
  readonly logicalDate: Date | null;
  readonly runAfter: Date;
  /** Of the newest attempt. */
  readonly hostname: string | null;
  readonly pid: number | null;
}

export type XComField =
  | "key"
  | "dagId"
  | "displayName"
  | "runId"
  | "runKey"
  | "taskId"
  | "mapIndex"
  | "updatedAt"
  | "logicalDate"
  | "runAfter";

/** Without its value. */
export interface XComListing extends Omit<XComRow, "value"> {
  readonly dagId: string;
  readonly displayName: string;
  readonly runId: string;
  readonly versionId: string;
  readonly logicalDate: Date | null;
  readonly runAfter: Date;
}

export type DagVersionField = "id" | "number" | "dagId" | "createdAt";
export type DagVersionListing = Omit<DagVersionRow, "spec"> & { readonly displayName: string };

export type ImportErrorField = "id" | "file" | "at";
export type PoolField = "name" | "slots" | "description" | "includeDeferred";

/** Slots by what holds them; `scheduled` would be wanted if there were room. */
export interface PoolUse {
  readonly running: number;
  readonly queued: number;
  readonly scheduled: number;
  readonly deferred: number;
}

export type VariableField = "key" | "description" | "updatedAt";
export type ConnectionField = "connectionId" | "connType" | "description" | "host" | "port" | "updatedAt";
export type EventField =
  | "id"
  | "at"
  | "event"
  | "actor"
  | "dagId"
  | "runId"
  | "taskId"
  | "mapIndex"
  | "tryNumber"
  | "logicalDate";

export interface EventListing extends EventRow {
  readonly logicalDate: Date | null;
  readonly displayName: string | null;
}

export type TagField = "name";
export type PoolWarningField = "dagId" | "pool" | "at";

/** A Dag whose newest version names a pool that does not exist. */
export interface PoolWarning {
  readonly dagId: string;
  readonly displayName: string;
  readonly pool: string;
  readonly at: Date;
}

/**
 * Lists with filters, for people: outside of transactions, read-only, and cut off after five seconds. What decides anything
 * goes through `Store.tx`.
 */
export interface Reads {
  listDags(query: ListQuery<DagField>): Promise<Listed<DagListing>>;
  listTags(query: ListQuery<TagField>): Promise<Listed<{ readonly name: string }>>;
  listDagVersions(query: ListQuery<DagVersionField>): Promise<Listed<DagVersionListing>>;
  listImportErrors(query: ListQuery<ImportErrorField>): Promise<Listed<ImportErrorRow>>;
  listPoolWarnings(query: ListQuery<PoolWarningField>): Promise<Listed<PoolWarning>>;
  listRuns(query: ListQuery<DagRunField>): Promise<Listed<DagRunListing>>;
  /** Of these Dags, or of all; a state that no run has is left out. */
  countRunStates(
    dagIds: readonly string[] | null,
  ): Promise<readonly { readonly dagId: string; readonly state: DagRunRow["state"]; readonly count: number }[]>;
  listTaskInstances(query: ListQuery<TaskInstanceField>): Promise<Listed<TaskInstanceListing>>;
  listXComs(query: ListQuery<XComField>): Promise<Listed<XComListing>>;
  listPools(query: ListQuery<PoolField>): Promise<Listed<PoolRow & PoolUse>>;
  listVariables(query: ListQuery<VariableField>): Promise<Listed<SecretRow>>;
  listConnections(query: ListQuery<ConnectionField>): Promise<Listed<ConnectionRow>>;
  listEvents(query: ListQuery<EventField>): Promise<Listed<EventListing>>;
  /** With the attempts that hold a slot now. */
  listExecutors(): Promise<readonly (ExecutorRow & { readonly queued: number; readonly running: number })[]>;
}
