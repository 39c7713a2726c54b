import type { ExecutorRow, PoolRow, Tx } from "@airloom/store";
import { arrayOf } from "../connection/array-literal.ts";
import { type Sql, type Statement, statement } from "../connection/sql.ts";
import { poolFields } from "./pools.ts";

/** A table of limits, to be locked with and without waiting. */
interface Lockable {
  readonly waiting: Statement;
  /** Gives the rows as JSON, or null when one is busy: see the functions in the first migration. */
  readonly nowait: Statement;
  /** The usual request, for one row, needs no subtransaction to be undone in: a sixth of the function's time. */
  readonly nowaitOne: Statement;
}

async function lock<Row>(
  sql: Sql,
  table: Lockable,
  request: { readonly names: readonly string[]; readonly wait: boolean },
) {
  const values = [arrayOf(request.names)];
  if (request.wait) return sql.all<Row>(table.waiting, values);
  const [name, ...others] = request.names;
  if (name !== undefined && others.length === 0) {
    const found = await sql.first<{ readonly isThere: boolean; readonly row: Row | null }>(table.nowaitOne, [name]);
    if (found?.row) return [found.row];
    return found?.isThere ? null : [];
  }
  return (await sql.first<{ readonly rows: readonly Row[] | null }>(table.nowait, values))?.rows ?? null;
}

/** One row, with whether it is there at all: else it could not be told from one that is busy. */
const skipBusy = (table: string, key: string, row: string): string =>
  `with mine as materialized (select ${row} as "row" from ${table} t where t.${key} = $1 for no key update skip locked)
  select exists (select from ${table} where ${key} = $1) as "isThere", (select "row" from mine) as "row"`;

const executors: Lockable = {
  waiting: statement(
    "executor.lock",
    "select name, parallelism from executor where name = any($1) order by name for no key update",
  ),
  nowait: statement("executor.lock_nowait", `select lock_executors_nowait($1) as "rows"`),
  nowaitOne: statement(
    "executor.lock_one_nowait",
    skipBusy("executor", "name", "json_build_object('name', t.name, 'parallelism', t.parallelism)"),
  ),
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
  nowaitOne: statement(
    "pool.lock_one_nowait",
    skipBusy(
      "pool",
      "name",
      `json_build_object('name', t.name, 'slots', t.slots, 'description', t.description, 'includeDeferred', t.include_deferred)`,
    ),
  ),
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
  nowaitOne: statement(
    "dag.lock_one_nowait",
    skipBusy(
      "dag",
      "dag_id",
      `json_build_object('dagId', t.dag_id, 'isPaused', t.is_paused, 'maxActiveRuns', t.max_active_runs,
        'maxActiveTasks', t.max_active_tasks)`,
    ),
  ),
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
