import type { ExecutorRow, PoolRow, Tx } from "@airloom/store";
import { arrayOf } from "../connection/array-literal.ts";
import { type Sql, type Statement, statement } from "../connection/sql.ts";
import { poolFields } from "./pools.ts";

/** A table of limits, to be locked with and without waiting. */
interface Lockable {
  readonly waiting: Statement;
  /** Gives the rows as JSON, or null when one is busy: see the functions in the first migration. */
  readonly nowait: Statement;
}

async function lock<Row>(
  sql: Sql,
  table: Lockable,
  request: { readonly names: readonly string[]; readonly wait: boolean },
) {
  const values = [arrayOf(request.names)];
  if (request.wait) return sql.all<Row>(table.waiting, values);
  return (await sql.first<{ readonly rows: readonly Row[] | null }>(table.nowait, values))?.rows ?? null;
}

const executors: Lockable = {
  waiting: statement(
    "executor.lock",
    "select name, parallelism from executor where name = any($1) order by name for no key update",
  ),
  nowait: statement("executor.lock_nowait", `select lock_executors_nowait($1) as "rows"`),
};

export const lockExecutors =
  (sql: Sql): Tx["lockExecutors"] =>
  (names, { wait }) =>
    lock<ExecutorRow>(sql, executors, { names, wait });

const pools: Lockable = {
  waiting: statement(
    "pool.lock",
    `select ${poolFields} from pool p where p.name = any($1) order by p.name for no key update`,
  ),
  nowait: statement("pool.lock_nowait", `select lock_pools_nowait($1) as "rows"`),
};

export const lockPools =
  (sql: Sql): Tx["lockPools"] =>
  (names, { wait }) =>
    lock<PoolRow>(sql, pools, { names, wait });

const dags: Lockable = {
  waiting: statement(
    "dag.lock",
    `select dag_id as "dagId", is_paused as "isPaused", max_active_runs as "maxActiveRuns", max_active_tasks as "maxActiveTasks"
    from dag where dag_id = any($1) order by dag_id for no key update`,
  ),
  nowait: statement("dag.lock_nowait", `select lock_dags_nowait($1) as "rows"`),
};

interface DagLimits {
  readonly dagId: string;
  readonly isPaused: boolean;
  readonly maxActiveRuns: number;
  readonly maxActiveTasks: number;
}

export const lockDags =
  (sql: Sql): Tx["lockDags"] =>
  (names, { wait }) =>
    lock<DagLimits>(sql, dags, { names, wait });
