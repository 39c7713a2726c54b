import type { Tx } from "@airloom/store";
import { columnsOf } from "../connection/array-literal.ts";
import { clockOnce, type Sql, statement } from "../connection/sql.ts";

/** The usual change, of one run, needs no order. */
const adjustOne = statement(
  "dag_run.adjust_unfinished_one",
  `with ${clockOnce}
  update dag_run r set unfinished = r.unfinished + $2, last_decision_at = clock.now, updated_at = clock.now
  from clock where r.key = $1`,
);

const adjust = statement(
  "dag_run.adjust_unfinished",
  `with ${clockOnce},
  locked as materialized (
    select r.key, change.delta from dag_run r join unnest($1::bigint[], $2::int[]) as change (key, delta) on change.key = r.key
    order by r.key for no key update of r
  )
  update dag_run r set unfinished = r.unfinished + locked.delta, last_decision_at = clock.now, updated_at = clock.now
  from locked, clock where r.key = locked.key`,
);

export const adjustUnfinished =
  (sql: Sql): Tx["adjustUnfinished"] =>
  async (changes) => {
    const [first, ...others] = changes;
    if (first && others.length === 0) await sql.run(adjustOne, [first.runKey, first.delta]);
    else await sql.run(adjust, columnsOf(changes, [(change) => change.runKey, (change) => change.delta]));
  };

const setNote = statement(
  "dag_run.set_note",
  "update dag_run set note = $2, updated_at = (select airloom_clock()) where key = $1",
);

export const setRunNote =
  (sql: Sql): Tx["setRunNote"] =>
  async (runKey, note) => {
    await sql.run(setNote, [runKey, note]);
  };

/** Everything a run has, as common table expressions in front of the `delete` of the runs that `doomed` names. */
export const deleteRunParts = `
  instances as materialized (select ti.id from task_instance ti where ti.run_key in (select key from doomed)),
  attempts as (delete from attempt where task_instance_id in (select id from instances)),
  chunks as (delete from log_chunk where task_instance_id in (select id from instances)),
  sizes as (delete from log_size where task_instance_id in (select id from instances)),
  values_ as (delete from xcom where run_key in (select key from doomed)),
  elements as (delete from xcom_element where run_key in (select key from doomed)),
  tallies as (delete from task_tally where run_key in (select key from doomed)),
  exclusions as (delete from task_exclusion where run_key in (select key from doomed)),
  wakeups as (delete from run_wakeup where run_key in (select key from doomed)),
  gone as (delete from task_instance where run_key in (select key from doomed))`;

const deleteOne = statement(
  "dag_run.delete",
  `with doomed as materialized (select key from dag_run where key = $1 for update), ${deleteRunParts}
  delete from dag_run where key in (select key from doomed)`,
);

export const deleteRun =
  (sql: Sql): Tx["deleteRun"] =>
  async (runKey) =>
    (await sql.run(deleteOne, [runKey])) > 0;
