import type { DagRunView, DagSpec, Json, JsonObject, TaskInstanceView, TriggeredBy } from "@airloom/core";

/** A Dag's row. `runKey`, here and elsewhere, is the integer key of a run's row; `runId` its text id. */
export interface DagRow {
  readonly dagId: string;
  readonly isPaused: boolean;
  /** Its file was gone from several good listings. Runs already made go on. */
  readonly isStale: boolean;
  readonly file: string;
  readonly versionId: string;
  readonly versionNumber: number;
  readonly maxActiveRuns: number;
  readonly maxActiveTasks: number;
  readonly maxConsecutiveFailedRuns: number;
  /** The cursor of the schedule: the next run to make, or null. */
  readonly nextRun: RunTimesRow | null;
  /** The newest run that the timetable made. */
  readonly lastRun: RunTimesRow | null;
  readonly lastParsedAt: Date;
}

export interface RunTimesRow {
  readonly logicalDate: Date;
  readonly intervalStart: Date;
  readonly intervalEnd: Date;
  readonly runAfter: Date;
}

export interface DagVersionRow {
  /** uuidv7. */
  readonly id: string;
  readonly dagId: string;
  readonly number: number;
  readonly spec: DagSpec;
  readonly specHash: string;
  readonly artifactId: string;
  readonly createdAt: Date;
}

export interface DagRunRow extends DagRunView {
  /** A short number per Dag: 1, 2, 3 … */
  readonly number: number;
  readonly versionId: string;
  readonly triggeredBy: TriggeredBy;
  readonly triggeringUser: string | null;
  readonly queuedAt: Date;
  readonly endedAt: Date | null;
  readonly clearNumber: number;
  readonly note: string | null;
  readonly lastDecisionAt: Date | null;
  readonly updatedAt: Date;
}

export interface TaskInstanceRow extends TaskInstanceView {
  readonly runKey: number;
  readonly dagId: string;
  readonly operator: string;
  readonly pool: string;
  readonly poolSlots: number;
  readonly queue: string;
  readonly executor: string;
  readonly priority: number;
  readonly tokenHash: string | null;
  readonly workerId: string | null;
  readonly scheduledAt: Date | null;
  readonly queuedAt: Date | null;
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
  /** Why it was settled or last moved against the ordinary course: a reason code. */
  readonly code: string | null;
  readonly note: string | null;
  readonly updatedAt: Date;
}

/** What is kept of each hand-out. */
export interface AttemptRow {
  readonly taskInstanceId: string;
  readonly attempt: number;
  readonly tryNumber: number;
  readonly workerId: string | null;
  readonly hostname: string | null;
  readonly pid: number | null;
  readonly queuedAt: Date | null;
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
  /** The outcome's kind (`succeeded`, `failed`, `lost`, `cancelled` …); null while it runs. */
  readonly outcome: string | null;
  /** The failure report, as stored. */
  readonly failure: Json;
  readonly fingerprint: string | null;
}

/** Count of upstream instances by state, per (run, task). */
export interface TallyRow {
  readonly taskId: string;
  readonly total: number;
  readonly success: number;
  readonly failed: number;
  readonly upstreamFailed: number;
  readonly skipped: number;
  readonly removed: number;
}

export interface XComRow {
  readonly runKey: number;
  readonly taskId: string;
  readonly mapIndex: number;
  readonly key: string;
  /** Codec bytes; null when the elements stand apart. */
  readonly value: Uint8Array | null;
  /** Bytes of the value, so that a reader may ask for it by reference. */
  readonly size: number;
  /** Length of the list, when the value is one. */
  readonly length: number | null;
  readonly updatedAt: Date;
}

export interface PoolRow {
  readonly name: string;
  /** -1 = no limit. */
  readonly slots: number;
  readonly description: string | null;
  readonly includeDeferred: boolean;
}

export interface ExecutorRow {
  readonly name: string;
  /** Queued and running attempts at once; 0 = no limit. */
  readonly parallelism: number;
}

export interface WorkerRow {
  readonly workerId: string;
  readonly hostname: string;
  readonly pid: number;
  readonly bootId: string;
  readonly startTicks: string;
  readonly executor: string;
  readonly queues: readonly string[];
  readonly slots: number;
  readonly startedAt: Date;
  readonly heartbeatAt: Date;
}

/** A process of the control plane or beside it, for health and `cluster`. */
export interface ServiceRow {
  /** `scheduler`, `api`, `dag_processor`, `triggerer`. */
  readonly kind: string;
  readonly id: string;
  readonly hostname: string;
  readonly pid: number;
  readonly startedAt: Date;
  readonly heartbeatAt: Date;
}

export interface EventRow {
  readonly id: number;
  readonly at: Date;
  /** `noun:verb`, or the API's own function name for user actions. */
  readonly event: string;
  readonly actor: string | null;
  readonly dagId: string | null;
  readonly runId: string | null;
  readonly taskId: string | null;
  readonly mapIndex: number | null;
  readonly tryNumber: number | null;
  readonly detail: JsonObject;
}
