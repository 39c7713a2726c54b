import type { Tx } from "@airloom/store";
import { arrayOf } from "../connection/array-literal.ts";
import { clockOnce, type Sql, statement } from "../connection/sql.ts";

const wake = statement(
  "run_wakeup.insert",
  `with ${clockOnce}
  insert into run_wakeup (run_key, reason, at)
  select key, $2, clock.now from unnest($1::bigint[]) as woken (key), clock`,
);

export const wakeRuns =
  (sql: Sql): Tx["wakeRuns"] =>
  async (runKeys, reason) => {
    await sql.run(wake, [arrayOf(runKeys), reason]);
  };

const wakeOthers = statement(
  "run_wakeup.insert_others",
  `with ${clockOnce}
  insert into run_wakeup (run_key, reason, at)
  select r.key, $3, clock.now from dag_run r, clock where r.dag_id = $1 and r.state = 'running' and r.key <> $2`,
);

export const wakeOtherRuns =
  (sql: Sql): Tx["wakeOtherRuns"] =>
  async (dagId, runKey, reason) => {
    await sql.run(wakeOthers, [dagId, runKey, reason]);
  };

const take = statement(
  "run_wakeup.take",
  `with oldest as materialized (select id from run_wakeup order by id limit $1 for update skip locked),
  taken as (delete from run_wakeup w using oldest where w.id = oldest.id returning w.run_key)
  select distinct run_key as "runKey" from taken order by run_key`,
);

export const takeWakeups =
  (sql: Sql): Tx["takeWakeups"] =>
  async (limit) =>
    (await sql.all<{ readonly runKey: number }>(take, [limit])).map((row) => row.runKey);
