import type { Tx, UserRow } from "@airloom/store";
import { columnsOf } from "../connection/array-literal.ts";
import { clockOnce, type Sql, statement } from "../connection/sql.ts";

const find = statement(
  "app_user.find",
  `select username, password_hash as "passwordHash", role from app_user where username = $1`,
);

export const findUser =
  (sql: Sql): Tx["findUser"] =>
  (username) =>
    sql.first<UserRow>(find, [username]);

const list = statement(
  "app_user.list",
  `select username, password_hash as "passwordHash", role from app_user order by username`,
);

export const listUsers =
  (sql: Sql): Tx["listUsers"] =>
  () =>
    sql.all<UserRow>(list, []);

const put = statement(
  "app_user.put",
  `insert into app_user (username, password_hash, role) values ($1, $2, $3)
  on conflict (username) do update set password_hash = excluded.password_hash, role = excluded.role`,
);

export const putUser =
  (sql: Sql): Tx["putUser"] =>
  async ({ username, passwordHash, role }) => {
    await sql.run(put, [username, passwordHash, role]);
  };

const count = statement("app_user.count", "select count(*) from app_user");

export const countUsers =
  (sql: Sql): Tx["countUsers"] =>
  async () =>
    (await sql.first<{ readonly count: number }>(count, []))?.count ?? 0;

const insert = statement(
  "event_log.insert",
  `with ${clockOnce}
  insert into event_log (event, actor, dag_id, run_id, task_id, map_index, try_number, detail, at)
  select e.event, e.actor, e.dag_id, e.run_id, e.task_id, e.map_index, e.try_number, e.detail::json, clock.now
  from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[], $7::int[], $8::text[])
    as e (event, actor, dag_id, run_id, task_id, map_index, try_number, detail), clock`,
);

export const insertEvents =
  (sql: Sql): Tx["insertEvents"] =>
  async (events) => {
    const columns = columnsOf(events, [
      (event) => event.event,
      (event) => event.actor,
      (event) => event.dagId,
      (event) => event.runId,
      (event) => event.taskId,
      (event) => event.mapIndex,
      (event) => event.tryNumber,
      (event) => JSON.stringify(event.detail),
    ]);
    await sql.run(insert, columns);
  };
