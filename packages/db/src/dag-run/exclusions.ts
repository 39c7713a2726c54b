import type { TaskInstanceState } from "@airloom/core";
import type { Tx } from "@airloom/store";
import { arrayOf } from "../connection/array-literal.ts";
import { type Sql, statement } from "../connection/sql.ts";

const put = statement(
  "task_exclusion.put",
  `insert into task_exclusion (run_key, task_id, excluded) values ($1, $2, $3)
  on conflict (run_key, task_id) do update set excluded = excluded.excluded`,
);

export const putExclusion =
  (sql: Sql): Tx["putExclusion"] =>
  async (runKey, taskId, excluded) => {
    await sql.run(put, [runKey, taskId, arrayOf(excluded)]);
  };

const list = statement(
  "task_exclusion.list",
  `select task_id as "taskId", excluded from task_exclusion where run_key = $1 order by task_id`,
);

export const listExclusions =
  (sql: Sql): Tx["listExclusions"] =>
  (runKey) =>
    sql.all<{ readonly taskId: string; readonly excluded: readonly string[] }>(list, [runKey]);

const deleteSome = statement(
  "task_exclusion.delete",
  "delete from task_exclusion where run_key = $1 and task_id = any($2)",
);

export const deleteExclusions =
  (sql: Sql): Tx["deleteExclusions"] =>
  async (runKey, taskIds) => {
    await sql.run(deleteSome, [runKey, arrayOf(taskIds)]);
  };

/** Per task one walk back through the Dag's earlier runs, which ends at the first that has the task. */
const listPast = statement(
  "task_instance.list_past",
  `select wanted.task_id as "taskId", past.states from dag_run r
  cross join (select distinct task_id from unnest($2::text[]) as t (task_id)) wanted
  cross join lateral (
    select (select array_agg(ti.state order by ti.map_index) from task_instance ti
      where ti.run_key = earlier.key and ti.task_id = wanted.task_id) as states
    from dag_run earlier
    where earlier.dag_id = r.dag_id and earlier.logical_date is not null and earlier.logical_date < r.logical_date
      and exists (select from task_instance ti where ti.run_key = earlier.key and ti.task_id = wanted.task_id)
    order by earlier.logical_date desc limit 1
  ) past
  where r.key = $1 order by wanted.task_id`,
);

export const listPastStates =
  (sql: Sql): Tx["listPastStates"] =>
  (runKey, taskIds) =>
    sql.all<{ readonly taskId: string; readonly states: readonly TaskInstanceState[] }>(listPast, [
      runKey,
      arrayOf(taskIds),
    ]);
