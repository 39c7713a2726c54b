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
  /** State `queued`. Null when the Dag already has this run id, or a run of this logical date: nothing is written then. */
  insertRun(run: NewDagRun): Promise<DagRunRow | null>;
  findRun(dagId: string, runId: string): Promise<DagRunRow | null>;
  /** Without a lock. */
  listRunsByKey(runKeys: readonly number[]): Promise<readonly DagRunRow[]>;
  /** Locks in the order of the keys (`FOR NO KEY UPDATE`) and returns the rows as they are then. */
  lockRuns(runKeys: readonly number[]): Promise<readonly DagRunRow[]>;
  /** The one door of run states. Null when the run is no longer in `from`. `startedAt`/`endedAt`/`queuedAt` follow from the state. */
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
  deleteRun(runKey: number): Promise<boolean>;

  /** Queued runs whose `runAfter` has come, of unpaused Dags, oldest first. */
  listStartableRuns(limit: number): Promise<readonly DagRunRow[]>;
  countRunningRuns(dagIds: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Running runs older than their Dag's run time-out. */
  listTimedOutRuns(limit: number): Promise<readonly number[]>;
  /** Ends of the newest finished runs, newest first: for pausing after failures in a row. */
  listRecentOutcomes(dagId: string, limit: number): Promise<readonly DagRunState[]>;

  insertTallies(runKey: number, tallies: readonly TallyRow[]): Promise<void>;
  /** Of these tasks, or of all. */
  listTallies(runKey: number, taskIds?: readonly string[]): Promise<readonly TallyRow[]>;
  addTallies(runKey: number, deltas: readonly TallyRow[]): Promise<void>;
  /** Counts tallies and `unfinished` anew from the states, after a clear or a mark. Edges are (task, upstream) pairs of the graph. */
  recountRun(
    runKey: number,
    edges: { readonly tasks: readonly string[]; readonly upstreams: readonly string[] },
  ): Promise<void>;

  /** What a branch or short circuit excluded; replaces what it excluded before. */
  putExclusion(runKey: number, taskId: string, excluded: readonly string[]): Promise<void>;
  listExclusions(runKey: number): Promise<readonly { readonly taskId: string; readonly excluded: readonly string[] }[]>;
  deleteExclusions(runKey: number, taskIds: readonly string[]): Promise<void>;
  /** States of tasks in the newest earlier run (by logical date) of the same Dag that has them; `exists: false` when there is none. */
  listPastStates(
    runKey: number,
    taskIds: readonly string[],
  ): Promise<readonly { readonly taskId: string; readonly states: readonly TaskInstanceState[] }[]>;

  /** Something may have changed for these runs. Append-only, so that no writer waits for another. */
  wakeRuns(runKeys: readonly number[], reason: string): Promise<void>;
  /** Takes wake-ups (they are deleted with this transaction) and returns their runs, each once, sorted. */
  takeWakeups(limit: number): Promise<readonly number[]>;
}
