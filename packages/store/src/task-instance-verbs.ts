import type { Json, TaskInstanceState } from "@airloom/core";
import type { AttemptRow, DagRunRow, TaskInstanceRow, WorkerRow } from "./rows.ts";

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
 * The move to `queued` adds one to `attempt`. Times follow from the state: `scheduled`, `queued` and `running` stamp their own and
 * empty the later ones; a finished state stamps `endedAt`; `none` empties all; the others keep them but for `endedAt`, which is
 * there exactly while the state is a finished one. What `set` leaves out stays as it is.
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
    /** False keeps lease, token hash and worker of an attempt that may still be alive (clear or mark of a running task). @default true */
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
  readonly run: DagRunRow;
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
  /** The same (run, task, map index) or id twice throws. */
  insertTaskInstances(instances: readonly NewTaskInstance[]): Promise<void>;
  /** The one door: every change of a task instance's state. Returns the rows that moved, as they are now, in no promised order; a stale move is dropped, an illegal one throws before
   * anything is written. To `running` leads `claimQueued` alone: here it throws, because nothing runs without a lease. */
  moveTaskInstances(moves: readonly TaskInstanceMove[]): Promise<readonly TaskInstanceRow[]>;
  /** Of one run; `taskIds` narrows, `unfinishedOnly` leaves out finished ones. Ordered by task id and map index. */
  listTaskInstances(filter: {
    readonly runKey: number;
    readonly taskIds?: readonly string[];
    readonly unfinishedOnly?: boolean;
  }): Promise<readonly TaskInstanceRow[]>;
  findTaskInstance(id: string): Promise<TaskInstanceRow | null>;
  /** The same words on each; no move. */
  setTaskInstanceNotes(ids: readonly string[], note: string | null): Promise<void>;

  /**
   * Scheduled instances that may be admitted: of running runs of unpaused Dags (stale ones too), best first (priority, then
   * longest scheduled, then id), at most the `perRun` best of one run. Takes no lock.
   */
  listCandidates(filter: {
    readonly limit: number;
    readonly perRun: number;
    readonly runKeys?: readonly number[];
    readonly excludePools?: readonly string[];
    readonly excludeRunKeys?: readonly number[];
  }): Promise<readonly TaskInstanceRow[]>;

  /**
   * Compare-and-set of queued instances to running, one per token hash, best first: priority, then warm, then longest queued, then
   * id. Rows locked by others are passed over. Gives each its token hash, worker and lease, and inserts its attempt row (host name and pid
   * of the worker's row, if there is one). A hash that may hold something is asked about with `findClaimed`, not sent again:
   * one that holds a running attempt, or is about to in another open transaction that then commits, undoes this transaction, which is
   * done again as after a deadlock. So whoever looks first, at least then, gets what the hash holds.
   */
  claimQueued(options: ClaimOptions): Promise<readonly ClaimedRow[]>;
  /** The running instances that these token hashes hold: the answer to a claim whose reply was lost. */
  findClaimed(tokenHashes: readonly string[]): Promise<readonly ClaimedRow[]>;
  /** `GREATEST` of the lease there is and now + `leaseMs`, where id, attempt and token hash match an instance that has a lease, be it overdue. Whatever its state: that is how a worker learns of a cancel. Returns what it extended, with remaining ms. */
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
  /** Nothing of these attempts is alive: forget lease, token hash and worker; the state stays. Returns the instances whose lease ended.
   * A running one is left out: its lease ends when it is moved. */
  endLeases(keys: readonly AttemptKey[]): Promise<readonly TaskInstanceRow[]>;
  /** Leases that ended at least `graceMs` ago by the database's clock, whatever the state; oldest first. */
  listExpiredLeases(graceMs: number, limit: number): Promise<readonly TaskInstanceRow[]>;
  /**
   * Of these attempts, those whose lease ended at least `graceMs` ago and still does, by the database's clock: no heartbeat can come
   * between from here on, because their rows are locked. Ids, sorted.
   */
  lockExpiredLeases(keys: readonly AttemptKey[], graceMs: number): Promise<readonly string[]>;
  /** As `listExpiredLeases`, but whatever the lease: all that these workers hold. */
  listLeasesOfWorkers(workerIds: readonly string[]): Promise<readonly TaskInstanceRow[]>;
  /** Runs with a retry or reschedule that is due (`up_for_retry` or `up_for_reschedule`, `nextDueAt` reached), each once, sorted. */
  listDueRuns(limit: number): Promise<readonly number[]>;
  /** When the next retry or reschedule is due (also when that is past): what a loop sleeps by. */
  nextDueAt(): Promise<Date | null>;
  /** Queued and unclaimed. */
  countQueued(executor: string): Promise<number>;

  /** Stamps `endedAt`. An attempt that has ended keeps what it ended with; one that was never claimed has no row. */
  endAttempts(ends: readonly AttemptEnd[]): Promise<void>;
  findAttempt(taskInstanceId: string, attempt: number): Promise<AttemptRow | null>;
  listAttempts(taskInstanceId: string): Promise<readonly AttemptRow[]>;

  /** Stamps `heartbeatAt`; `startedAt` is the first time. */
  upsertWorker(worker: Omit<WorkerRow, "startedAt" | "heartbeatAt">): Promise<void>;
  /** By id. */
  listWorkers(filter: { readonly hostname?: string }): Promise<readonly WorkerRow[]>;
  deleteWorkers(workerIds: readonly string[]): Promise<void>;
  touchWorker(workerId: string): Promise<void>;
}
