import type { TallyRow, Tx } from "@airloom/store";
import { arrayOf, columnsOf } from "../connection/array-literal.ts";
import { fieldsOf, selectList } from "../connection/select-list.ts";
import { type Sql, statement } from "../connection/sql.ts";

const fields = fieldsOf<TallyRow>()(["taskId", "total", "success", "failed", "upstreamFailed", "skipped", "removed"]);
const tallyFields = selectList("t", fields);

/** In the order of `counts` below. */
const getters = [
  (tally: TallyRow) => tally.taskId,
  (tally: TallyRow) => tally.total,
  (tally: TallyRow) => tally.success,
  (tally: TallyRow) => tally.failed,
  (tally: TallyRow) => tally.upstreamFailed,
  (tally: TallyRow) => tally.skipped,
  (tally: TallyRow) => tally.removed,
] as const;

/** The lists of `unnest`. */
const columns = (tallies: readonly TallyRow[]): string[] => columnsOf(tallies, getters);
const counts = `unnest($2::text[], $3::int[], $4::int[], $5::int[], $6::int[], $7::int[], $8::int[])
  as c (task_id, total, success, failed, upstream_failed, skipped, removed)`;

const insert = statement(
  "task_tally.insert",
  `insert into task_tally (run_key, task_id, total, success, failed, upstream_failed, skipped, removed)
  select $1, c.* from ${counts}`,
);

export const insertTallies =
  (sql: Sql): Tx["insertTallies"] =>
  async (runKey, tallies) => {
    await sql.run(insert, [runKey, ...columns(tallies)]);
  };

const listAll = statement(
  "task_tally.list",
  `select ${tallyFields} from task_tally t where t.run_key = $1 order by t.task_id`,
);
const listSome = statement(
  "task_tally.list_some",
  `select ${tallyFields} from task_tally t where t.run_key = $1 and t.task_id = any($2) order by t.task_id`,
);

export const listTallies =
  (sql: Sql): Tx["listTallies"] =>
  (runKey, taskIds) =>
    taskIds ? sql.all<TallyRow>(listSome, [runKey, arrayOf(taskIds)]) : sql.all<TallyRow>(listAll, [runKey]);

/** The usual addition, to one task's counts, needs no order. */
const addOne = statement(
  "task_tally.add_one",
  `update task_tally set total = total + $3, success = success + $4, failed = failed + $5, upstream_failed = upstream_failed + $6,
    skipped = skipped + $7, removed = removed + $8
  where run_key = $1 and task_id = $2`,
);

const add = statement(
  "task_tally.add",
  `with locked as materialized (
    select c.* from task_tally t join ${counts} on c.task_id = t.task_id
    where t.run_key = $1 order by t.task_id for no key update of t
  )
  update task_tally t set total = t.total + c.total, success = t.success + c.success, failed = t.failed + c.failed,
    upstream_failed = t.upstream_failed + c.upstream_failed, skipped = t.skipped + c.skipped, removed = t.removed + c.removed
  from locked c where t.run_key = $1 and t.task_id = c.task_id`,
);

export const addTallies =
  (sql: Sql): Tx["addTallies"] =>
  async (runKey, deltas) => {
    const [first, ...others] = deltas;
    if (first && others.length === 0) await sql.run(addOne, [runKey, ...getters.map((get) => get(first))]);
    else await sql.run(add, [runKey, ...columns(deltas)]);
  };

const recount = statement(
  "task_tally.recount",
  `with edge as (select distinct task_id, upstream_id from unnest($2::text[], $3::text[]) as e (task_id, upstream_id)),
  counted as (
    select e.task_id, count(ti.id) as total,
      count(*) filter (where ti.state = 'success') as success, count(*) filter (where ti.state = 'failed') as failed,
      count(*) filter (where ti.state = 'upstream_failed') as upstream_failed,
      count(*) filter (where ti.state = 'skipped') as skipped, count(*) filter (where ti.state = 'removed') as removed
    from edge e left join task_instance ti on ti.run_key = $1 and ti.task_id = e.upstream_id
    group by e.task_id
  ),
  run as (
    update dag_run set updated_at = (select airloom_clock()), unfinished = (
      select count(*) from task_instance where run_key = $1
        and state not in ('success', 'failed', 'skipped', 'upstream_failed', 'removed'))
    where key = $1
  )
  insert into task_tally (run_key, task_id, total, success, failed, upstream_failed, skipped, removed)
  select $1::bigint, c.task_id, c.total, c.success, c.failed, c.upstream_failed, c.skipped, c.removed
  from counted c join dag_run r on r.key = $1 order by c.task_id
  on conflict (run_key, task_id) do update set total = excluded.total, success = excluded.success, failed = excluded.failed,
    upstream_failed = excluded.upstream_failed, skipped = excluded.skipped, removed = excluded.removed`,
);

export const recountRun =
  (sql: Sql): Tx["recountRun"] =>
  async (runKey, { tasks, upstreams }) => {
    await sql.run(recount, [runKey, arrayOf(tasks), arrayOf(upstreams)]);
  };
