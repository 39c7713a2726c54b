import type { Json, TaskInstanceState } from "@airloom/core";
import type { AttemptRow, TaskInstanceRow, WorkerRow } from "./rows.ts";

/** A new instance: state `none`, attempt 0, try 0. */
export interface NewTaskInstance {
  readonly id: string;
  readonly runKey: number;
  readonly dagId: string;
  readonly taskId: string;
  readonly mapIndex: number;
  readonly operator: string;
  readonly maxTries: number;
  readonly pool: string;
  readonly poolSlots: number;
  readonly queue: string;
  readonly executor: string;
  readonly priority: number;
}

/**
 * One guarded write of a state: it happens only if the row still has this state and attempt (and token hash, if given).
 * The move to `queued` adds one to `attempt`. Times (`scheduledAt`, `queuedAt`, `startedAt`, `endedAt`) follow from the state.
 */
export interface TaskInstanceMove {
  readonly id: string;
  readonly from: TaskInstanceState;
  readonly attempt: number;
  readonly to: TaskInstanceState;
  readonly tokenHash?: string;
  readonly set?: {
    readonly tryNumber?: number;
    readonly maxTries?: number;
    readonly losses?: number;
    readonly mapIndex?: number;
    readonly nextDueAt?: Date | null;
    readonly code?: string | null;
    /** False keeps the lease of an attempt that may still be alive (clear or mark of a running task). @default true */
    readonly dropLease?: boolean;
  };
}

export interface ClaimOptions {
  readonly executor: string;
  readonly queues: readonly string[];
  readonly workerId: string;
  /** One per slot. */
  readonly tokenHashes: readonly string[];
  readonly leaseMs: number;
  /** Preferred among equals: instances whose version has one of these artifacts. */
  readonly warmArtifacts: readonly string[];
}

/** A claimed instance with what its workload is made of. */
export interface ClaimedRow extends TaskInstanceRow {
  readonly versionId: string;
}

export interface AttemptKey {
  readonly taskInstanceId: string;
  readonly attempt: number;
  readonly tokenHash: string;
}

export interface AttemptEnd {
  readonly taskInstanceId: string;
  readonly attempt: number;
  readonly outcome: string;
  readonly failure: Json;
  readonly fingerprint: string | null;
}

export interface TaskInstanceVerbs {
  insertTaskInstances(instances: readonly NewTaskInstance[]): Promise<void>;
  /** The one door: every change of a task instance's state. Returns the rows that moved, as they are now; a stale move is dropped, an illegal one throws. */
  moveTaskInstances(moves: readonly TaskInstanceMove[]): Promise<readonly TaskInstanceRow[]>;
  /** Of one run; `taskIds` or `ids` narrow, `unfinishedOnly` leaves out finished ones. Ordered by task id and map index. */
  listTaskInstances(filter: {
    readonly runKey: number;
    readonly taskIds?: readonly string[];
    readonly unfinishedOnly?: boolean;
  }): Promise<readonly TaskInstanceRow[]>;
  findTaskInstance(id: string): Promise<TaskInstanceRow | null>;

  /** Scheduled instances that may be admitted: of running runs of unpaused Dags, best first, at most `perRun` of one run. */
  listCandidates(filter: {
    readonly limit: number;
    readonly perRun: number;
    readonly runKeys?: readonly number[];
    readonly excludePools?: readonly string[];
    readonly excludeRunKeys?: readonly number[];
  }): Promise<readonly TaskInstanceRow[]>;

  /** Compare-and-set of queued instances to running, best first, one per token hash; rows locked by others are passed over. Also inserts their attempt rows. */
  claimQueued(options: ClaimOptions): Promise<readonly ClaimedRow[]>;
  /** What these token hashes already hold: the answer to a claim whose reply was lost. */
  findClaimed(tokenHashes: readonly string[]): Promise<readonly ClaimedRow[]>;
  /** `GREATEST` of the lease there is and now + `leaseMs`, where id, attempt and token hash match a live lease. Returns what it extended, with remaining ms. */
  extendLeases(
    keys: readonly AttemptKey[],
    leaseMs: number,
  ): Promise<
    readonly {
      readonly taskInstanceId: string;
      readonly attempt: number;
      readonly state: TaskInstanceState;
      readonly remainingMs: number;
    }[]
  >;
  /** Nothing of these attempts is alive: forget their leases. Returns the instances whose lease ended. */
  endLeases(keys: readonly AttemptKey[]): Promise<readonly TaskInstanceRow[]>;
  /** Leases that ended at least `graceMs` ago by the database's clock. */
  listExpiredLeases(graceMs: number, limit: number): Promise<readonly TaskInstanceRow[]>;
  /** The same, but whatever the lease: all that these workers hold. */
  listLeasesOfWorkers(workerIds: readonly string[]): Promise<readonly TaskInstanceRow[]>;
  /** Runs with a retry or reschedule that is due. */
  listDueRuns(limit: number): Promise<readonly number[]>;
  /** When the next retry or reschedule is due, and how many are queued and unclaimed: what a loop sleeps by. */
  nextDueAt(): Promise<Date | null>;
  countQueued(executor: string): Promise<number>;

  endAttempts(ends: readonly AttemptEnd[]): Promise<void>;
  findAttempt(taskInstanceId: string, attempt: number): Promise<AttemptRow | null>;
  listAttempts(taskInstanceId: string): Promise<readonly AttemptRow[]>;

  upsertWorker(worker: Omit<WorkerRow, "startedAt" | "heartbeatAt">): Promise<void>;
  listWorkers(filter: { readonly hostname?: string }): Promise<readonly WorkerRow[]>;
  deleteWorkers(workerIds: readonly string[]): Promise<void>;
  touchWorker(workerId: string): Promise<void>;
}
