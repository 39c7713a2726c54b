import type { ServiceRow, Tx } from "@airloom/store";
import { fieldsOf, selectList } from "../connection/select-list.ts";
import { clockOnce, type Sql, statement } from "../connection/sql.ts";

const fields = fieldsOf<ServiceRow>()(["kind", "id", "hostname", "pid", "startedAt", "heartbeatAt"]);

const touch = statement(
  "service.touch",
  `with ${clockOnce}
  insert into service (kind, id, hostname, pid, started_at, heartbeat_at)
  select $1, $2, $3, $4, clock.now, clock.now from clock
  on conflict (kind, id) do update set hostname = excluded.hostname, pid = excluded.pid, heartbeat_at = excluded.heartbeat_at`,
);

export const touchService =
  (sql: Sql): Tx["touchService"] =>
  async ({ kind, id, hostname, pid }) => {
    await sql.run(touch, [kind, id, hostname, pid]);
  };

const deleteOne = statement("service.delete", "delete from service where kind = $1 and id = $2");

export const deleteService =
  (sql: Sql): Tx["deleteService"] =>
  async (kind, id) => {
    await sql.run(deleteOne, [kind, id]);
  };

const list = statement("service.list", `select ${selectList("s", fields)} from service s order by s.kind, s.id`);

export const listServices =
  (sql: Sql): Tx["listServices"] =>
  () =>
    sql.all<ServiceRow>(list, []);
