import type { TaskInstanceRow, Tx } from "@airloom/store";
import { arrayOf } from "../connection/array-literal.ts";
import { type Sql, statement } from "../connection/sql.ts";
import { instanceFields } from "./instance-fields.ts";

const list = (where: string): string =>
  `select ${instanceFields} from task_instance ti where ti.run_key = $1 ${where} order by ti.task_id, ti.map_index`;
const unfinished = "and ti.state not in ('success', 'failed', 'skipped', 'upstream_failed', 'removed')";
const ofTasks = "and ti.task_id = any($2)";

const listAll = statement("task_instance.list", list(""));
const listUnfinished = statement("task_instance.list_unfinished", list(unfinished));
const listOfTasks = statement("task_instance.list_of_tasks", list(ofTasks));
const listUnfinishedOfTasks = statement("task_instance.list_unfinished_of_tasks", list(`${ofTasks} ${unfinished}`));

export const listTaskInstances =
  (sql: Sql): Tx["listTaskInstances"] =>
  ({ runKey, taskIds, unfinishedOnly = false }) =>
    taskIds
      ? sql.all<TaskInstanceRow>(unfinishedOnly ? listUnfinishedOfTasks : listOfTasks, [runKey, arrayOf(taskIds)])
      : sql.all<TaskInstanceRow>(unfinishedOnly ? listUnfinished : listAll, [runKey]);

const find = statement("task_instance.find", `select ${instanceFields} from task_instance ti where ti.id = $1`);

export const findTaskInstance =
  (sql: Sql): Tx["findTaskInstance"] =>
  (id) =>
    sql.first<TaskInstanceRow>(find, [id]);

const listDue = statement(
  "task_instance.list_due_runs",
  `select distinct run_key as "runKey" from (
    select ti.run_key from task_instance ti
    where ti.state in ('up_for_retry', 'up_for_reschedule') and ti.next_due_at <= (select airloom_clock())
    order by ti.next_due_at
  ) due order by run_key limit $1`,
);

export const listDueRuns =
  (sql: Sql): Tx["listDueRuns"] =>
  async (limit) =>
    (await sql.all<{ readonly runKey: number }>(listDue, [limit])).map((row) => row.runKey);

const nextDue = statement(
  "task_instance.next_due",
  `select min(next_due_at) as "at" from task_instance where state in ('up_for_retry', 'up_for_reschedule')`,
);

export const nextDueAt =
  (sql: Sql): Tx["nextDueAt"] =>
  async () =>
    (await sql.first<{ readonly at: Date | null }>(nextDue, []))?.at ?? null;

const count = statement(
  "task_instance.count_queued",
  "select count(*) from task_instance where state = 'queued' and executor = $1",
);

export const countQueued =
  (sql: Sql): Tx["countQueued"] =>
  async (executor) =>
    (await sql.first<{ readonly count: number }>(count, [executor]))?.count ?? 0;
