import type { PoolRow, Tx } from "@airloom/store";
import { fieldsOf, selectList } from "../connection/select-list.ts";
import { type Sql, statement } from "../connection/sql.ts";

const fields = fieldsOf<PoolRow>()(["name", "slots", "description", "includeDeferred"]);
/** The columns of a `PoolRow`, from `pool p`. */
export const poolFields = selectList("p", fields);

const list = statement("pool.list", `select ${poolFields} from pool p order by p.name`);

export const listPools =
  (sql: Sql): Tx["listPools"] =>
  () =>
    sql.all<PoolRow>(list, []);

const find = statement("pool.find", `select ${poolFields} from pool p where p.name = $1`);

export const findPool =
  (sql: Sql): Tx["findPool"] =>
  (name) =>
    sql.first<PoolRow>(find, [name]);

const columns = ({ name, slots, description, includeDeferred }: PoolRow) => [name, slots, description, includeDeferred];

const insert = statement(
  "pool.insert",
  "insert into pool (name, slots, description, include_deferred) values ($1, $2, $3, $4) on conflict do nothing",
);

export const insertPool =
  (sql: Sql): Tx["insertPool"] =>
  async (pool) =>
    (await sql.run(insert, columns(pool))) > 0;

const update = statement(
  "pool.update",
  "update pool set slots = $2, description = $3, include_deferred = $4 where name = $1",
);

export const updatePool =
  (sql: Sql): Tx["updatePool"] =>
  async (pool) =>
    (await sql.run(update, columns(pool))) > 0;

const deleteOne = statement("pool.delete", "delete from pool where name = $1");

export const deletePool =
  (sql: Sql): Tx["deletePool"] =>
  async (name) =>
    (await sql.run(deleteOne, [name])) > 0;

const upsert = statement(
  "executor.upsert",
  `insert into executor (name, parallelism) values ($1, $2)
  on conflict (name) do update set parallelism = excluded.parallelism`,
);

export const upsertExecutor =
  (sql: Sql): Tx["upsertExecutor"] =>
  async ({ name, parallelism }) => {
    await sql.run(upsert, [name, parallelism]);
  };
