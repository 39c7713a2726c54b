import type { ExecutorRow, PoolRow } from "./rows.ts";

/**
 * Live slots (queued, running, restarting), counted now: never kept in a counter, so that freeing one takes no lock. Pools
 * count `poolSlots`, and deferred instances too if they say so; everything else counts instances. Absent = 0.
 */
export interface LiveSlots {
  readonly executors: ReadonlyMap<string, number>;
  readonly pools: ReadonlyMap<string, number>;
  readonly runs: ReadonlyMap<number, number>;
  /** By `dagId taskId` (a space between: ids hold none). */
  readonly tasks: ReadonlyMap<string, number>;
  /** By `runKey taskId`. */
  readonly runTasks: ReadonlyMap<string, number>;
}

/** `wait: false` = NOWAIT: null when a row is busy, and nothing is locked by it (the transaction goes on). Locks in the order of the names. */
export interface LockOptions {
  readonly wait: boolean;
}

/**
 * Limiter rows. The one lock order: executors, pools, dags, runs, task instances; each sorted. Out of that order only with
 * `wait: false`. The lock verbs return the rows as they are once locked, in the order of the names.
 */
export interface LimitVerbs {
  lockExecutors(names: readonly string[], options: LockOptions): Promise<readonly ExecutorRow[] | null>;
  lockPools(names: readonly string[], options: LockOptions): Promise<readonly PoolRow[] | null>;
  lockDags(
    dagIds: readonly string[],
    options: LockOptions,
  ): Promise<
    | readonly {
        readonly dagId: string;
        readonly isPaused: boolean;
        readonly maxActiveRuns: number;
        readonly maxActiveTasks: number;
      }[]
    | null
  >;
  /** A statement of its own after the locks: one that does both over-admits. Only what is named is counted. */
  countLiveSlots(names: {
    readonly executors: readonly string[];
    readonly pools: readonly string[];
    readonly runKeys: readonly number[];
    readonly tasks: readonly { readonly dagId: string; readonly taskId: string }[];
    readonly runTasks: readonly { readonly runKey: number; readonly taskId: string }[];
  }): Promise<LiveSlots>;

  /** By name. A new store has `default_pool` with 128 slots, as Airflow does. */
  listPools(): Promise<readonly PoolRow[]>;
  findPool(name: string): Promise<PoolRow | null>;
  /** False when it exists (waits while another transaction is inserting or deleting the same name). */
  insertPool(pool: PoolRow): Promise<boolean>;
  updatePool(pool: PoolRow): Promise<boolean>;
  deletePool(name: string): Promise<boolean>;
  /** A new store has `local` (32) and `sequential` (1). */
  upsertExecutor(executor: ExecutorRow): Promise<void>;
}
