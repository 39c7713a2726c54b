import type { DagRunState, JsonObject, RunType, TaskInstanceState, TriggeredBy } from "@airloom/core";
import type { DagRunRow, TallyRow } from "./rows.ts";

export interface NewDagRun {
  readonly dagId: string;
  readonly runId: string;
  readonly runType: RunType;
  readonly versionId: string;
  readonly logicalDate: Date | null;
  readonly intervalStart: Date | null;
  readonly intervalEnd: Date | null;
  readonly runAfter: Date;
  readonly conf: JsonObject;
  readonly triggeredBy: TriggeredBy;
  readonly triggeringUser: string | null;
  readonly note: string | null;
  readonly unfinished: number;
}

export interface DagRunVerbs {
  /**
   * State `queued`. Null when the Dag already has this run id, or a run of this logical date: nothing is written then. The
   * Dag's row is locked until the end: its short number is given out under that lock, and never twice to committed runs. The Dag must
   * exist and have this version, else it throws.
   */
  insertRun(run: NewDagRun): Promise<DagRunRow | null>;
  findRun(dagId: string, runId: string): Promise<DagRunRow | null>;
  /** Without a lock, by key. */
  listRunsByKey(runKeys: readonly number[]): Promise<readonly DagRunRow[]>;
  /** Locks in the order of the keys (`FOR NO KEY UPDATE`) and returns the rows as they are then. */
  lockRuns(runKeys: readonly number[]): Promise<readonly DagRunRow[]>;
  /**
   * The one door of run states. Null when the run is no longer in `from`; an illegal move throws. Times follow from the state:
   * `queued` stamps `queuedAt` and empties `startedAt` and `endedAt`; `running` stamps `startedAt`; `success` and `failed` stamp `endedAt`.
   * `clear` adds one to `clearNumber`; `versionId` pins the run anew.
   */
  moveRun(move: {
    readonly runKey: number;
    readonly from: DagRunState;
    readonly to: DagRunState;
    readonly clear?: boolean;
    readonly versionId?: string;
  }): Promise<DagRunRow | null>;
  /** Adds to `unfinished` and stamps `lastDecisionAt`. */
  adjustUnfinished(changes: readonly { readonly runKey: number; readonly delta: number }[]): Promise<void>;
  setRunNote(runKey: number, note: string | null): Promise<void>;
  /** With its instances, attempts, counts, values, logs and wake-ups. False when there is none. */
  deleteRun(runKey: number): Promise<boolean>;

  /** Queued runs whose `runAfter` has come, of unpaused Dags (stale ones too) that run fewer than they may, oldest `runAfter` first. */
  listStartableRuns(limit: number): Promise<readonly DagRunRow[]>;
  /** Keys, ascending. */
  listRunningRuns(dagIds: readonly string[]): Promise<readonly number[]>;
  /** Absent = 0. */
  countRunningRuns(dagIds: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Queued and running: a Dag with so many gets no further scheduled run. */
  countActiveRuns(dagIds: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Running runs that started longer ago than the `runTimeoutSeconds` of the version they are pinned to. */
  listTimedOutRuns(limit: number): Promise<readonly number[]>;
  /** States of the newest finished runs, newest `runAfter` first (then newest key): for pausing after failures in a row. */
  listRecentOutcomes(dagId: string, limit: number): Promise<readonly DagRunState[]>;

  insertTallies(runKey: number, tallies: readonly TallyRow[]): Promise<void>;
  /** Of these tasks, or of all, by task id. */
  listTallies(runKey: number, taskIds?: readonly string[]): Promise<readonly TallyRow[]>;
  /** A task that has no tally is left out. */
  addTallies(runKey: number, deltas: readonly TallyRow[]): Promise<void>;
  /**
   * Counts `unfinished` and the tallies anew from the states, after a clear or a mark. Edges are (task, upstream) pairs of the graph,
   * as two lists of one length; each task in them gets the tally of all its upstream instances, inserted if missing. Others stay.
   */
  recountRun(
    runKey: number,
    edges: { readonly tasks: readonly string[]; readonly upstreams: readonly string[] },
  ): Promise<void>;

  /** What a branch or short circuit excluded; replaces what it excluded before. */
  putExclusion(runKey: number, taskId: string, excluded: readonly string[]): Promise<void>;
  /** By task id. */
  listExclusions(runKey: number): Promise<readonly { readonly taskId: string; readonly excluded: readonly string[] }[]>;
  deleteExclusions(runKey: number, taskIds: readonly string[]): Promise<void>;
  /**
   * For each task: the states of its instances, by map index, in the newest earlier run (by logical date) of the same Dag that
   * has any. No entry when there is none, and none at all for a run without logical date. By task id.
   */
  listPastStates(
    runKey: number,
    taskIds: readonly string[],
  ): Promise<readonly { readonly taskId: string; readonly states: readonly TaskInstanceState[] }[]>;

  /** Something may have changed for these runs. Append-only, so that no writer waits for another. */
  wakeRuns(runKeys: readonly number[], reason: string): Promise<void>;
  /** The same for every running run of the Dag but this one: tasks that depend on the past look again. */
  wakeOtherRuns(dagId: string, runKey: number, reason: string): Promise<void>;
  /**
   * Takes the `limit` oldest wake-ups (they are deleted with this transaction) and returns their runs, each once, sorted. Those
   * that another open transaction takes are passed over; they come back if it rolls back.
   */
  takeWakeups(limit: number): Promise<readonly number[]>;
}
