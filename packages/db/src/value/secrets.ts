import type { ConnectionRow, SecretRow, Tx } from "@airloom/store";
import { arrayOf } from "../connection/array-literal.ts";
import { fieldsOf, selectList } from "../connection/select-list.ts";
import { type Sql, statement } from "../connection/sql.ts";

const ofSecret = fieldsOf<SecretRow>()(["key", "value", "description", "updatedAt"]);
/** The columns of a `SecretRow`, from `variable v`. */
export const secretFields = selectList("v", ofSecret);

const listAll = statement("variable.list", `select ${secretFields} from variable v order by v.key`);

export const listVariables =
  (sql: Sql): Tx["listVariables"] =>
  () =>
    sql.all<SecretRow>(listAll, []);

const findSome = statement(
  "variable.find",
  `select ${secretFields} from variable v where v.key = any($1) order by v.key`,
);

export const findVariables =
  (sql: Sql): Tx["findVariables"] =>
  (keys) =>
    sql.all<SecretRow>(findSome, [arrayOf(keys)]);

const put = statement(
  "variable.put",
  `insert into variable (key, value, description, updated_at) values ($1, $2::bytea, $3, (select airloom_clock()))
  on conflict (key) do update set value = excluded.value, description = excluded.description, updated_at = excluded.updated_at`,
);

export const putVariable =
  (sql: Sql): Tx["putVariable"] =>
  async ({ key, value, description }) => {
    await sql.run(put, [key, value, description]);
  };

const deleteOne = statement("variable.delete", "delete from variable where key = $1");

export const deleteVariable =
  (sql: Sql): Tx["deleteVariable"] =>
  async (key) =>
    (await sql.run(deleteOne, [key])) > 0;

const ofConnection = fieldsOf<ConnectionRow>()([
  "connectionId",
  "connType",
  "description",
  "host",
  "port",
  "login",
  "schema",
  "password",
  "extra",
  "updatedAt",
]);
/** The columns of a `ConnectionRow`, from `connection c`. */
export const connectionFields = selectList("c", ofConnection);

const listConnectionRows = statement(
  "connection.list",
  `select ${connectionFields} from connection c order by c.connection_id`,
);

export const listConnections =
  (sql: Sql): Tx["listConnections"] =>
  () =>
    sql.all<ConnectionRow>(listConnectionRows, []);

const findOneConnection = statement(
  "connection.find",
  `select ${connectionFields} from connection c where c.connection_id = $1`,
);

export const findConnection =
  (sql: Sql): Tx["findConnection"] =>
  (connectionId) =>
    sql.first<ConnectionRow>(findOneConnection, [connectionId]);

const putOneConnection = statement(
  "connection.put",
  `insert into connection (connection_id, conn_type, description, host, port, login, schema, password, extra, updated_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8::bytea, $9::bytea, (select airloom_clock()))
  on conflict (connection_id) do update set conn_type = excluded.conn_type, description = excluded.description,
    host = excluded.host, port = excluded.port, login = excluded.login, schema = excluded.schema,
    password = excluded.password, extra = excluded.extra, updated_at = excluded.updated_at`,
);

export const putConnection =
  (sql: Sql): Tx["putConnection"] =>
  async (row) => {
    const { connectionId, connType, description, host, port, login, schema, password, extra } = row;
    await sql.run(putOneConnection, [connectionId, connType, description, host, port, login, schema, password, extra]);
  };

const deleteOneConnection = statement("connection.delete", "delete from connection where connection_id = $1");

export const deleteConnection =
  (sql: Sql): Tx["deleteConnection"] =>
  async (connectionId) =>
    (await sql.run(deleteOneConnection, [connectionId])) > 0;
