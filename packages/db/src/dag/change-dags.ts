import type { Tx } from "@airloom/store";
import { arrayOf } from "../connection/array-literal.ts";
import { type Sql, statement } from "../connection/sql.ts";
import { deleteRunParts } from "../dag-run/change-runs.ts";
import { timeValues } from "./dag-fields.ts";

/** Ids of Dags that a statement changed, sorted. */
export const dagIdsOf = (rows: readonly { readonly dagId: string }[]): readonly string[] =>
  rows.map((row) => row.dagId);

const pause = statement(
  "dag.set_paused",
  `with locked as materialized (
    select dag_id from dag where dag_id = any($1) and is_paused <> $2 order by dag_id for no key update
  ),
  changed as (update dag d set is_paused = $2 from locked where d.dag_id = locked.dag_id returning d.dag_id)
  select dag_id as "dagId" from changed order by dag_id`,
);

export const setPaused =
  (sql: Sql): Tx["setPaused"] =>
  async (dagIds, paused) =>
    dagIdsOf(await sql.all<{ readonly dagId: string }>(pause, [arrayOf(dagIds), paused]));

const setNext = statement(
  "dag.set_next_run",
  `update dag set next_logical_date = $2, next_interval_start = $3, next_interval_end = $4, next_run_after = $5
  where dag_id = $1`,
);
const setBoth = statement(
  "dag.set_next_and_last_run",
  `update dag set next_logical_date = $2, next_interval_start = $3, next_interval_end = $4, next_run_after = $5,
    last_logical_date = $6, last_interval_start = $7, last_interval_end = $8, last_run_after = $9
  where dag_id = $1`,
);

export const setCursor =
  (sql: Sql): Tx["setCursor"] =>
  async (dagId, { nextRun, lastRun }) => {
    const next = [dagId, ...timeValues(nextRun)];
    await (lastRun ? sql.run(setBoth, [...next, ...timeValues(lastRun)]) : sql.run(setNext, next));
  };

/** Two statements, so that runs inserted before the lock was given are seen and deleted too. */
const lockDag = statement("dag.lock_for_delete", "select from dag where dag_id = $1 for update");
const deleteRuns = statement(
  "dag.delete_runs",
  `with doomed as materialized (select key from dag_run where dag_id = $1 order by key for update), ${deleteRunParts}
  delete from dag_run where key in (select key from doomed)`,
);
const deleteOne = statement("dag.delete", "delete from dag where dag_id = $1");

export const deleteDag =
  (sql: Sql): Tx["deleteDag"] =>
  async (dagId) => {
    const statements = [lockDag, deleteRuns, deleteOne].map((each) => sql.run(each, [dagId]));
    const deleted = await Promise.all(statements);
    return (deleted[2] ?? 0) > 0;
  };
