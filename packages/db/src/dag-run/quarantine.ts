import type { QuarantineRow, Tx } from "@airloom/store";
import { fieldsOf, selectList } from "../connection/select-list.ts";
import { type Sql, statement } from "../connection/sql.ts";

const fields = fieldsOf<QuarantineRow>()([
  "dagId",
  "runKey",
  "versionId",
  "code",
  "reason",
  "failures",
  "since",
  "retryAt",
  "releasedAt",
]);

const put = statement(
  "quarantine.put",
  `insert into quarantine (dag_id, run_key, version_id, code, reason, failures, since, retry_at, released_at)
  select d.dag_id, $2::bigint, $3, $4, $5, $6::int, $7, $8, $9 from dag d
  where d.dag_id = $1 and ($2::bigint is null or exists (select from dag_run r where r.key = $2))
  on conflict (dag_id, subject) do update set version_id = excluded.version_id, code = excluded.code, reason = excluded.reason,
    failures = excluded.failures, since = excluded.since, retry_at = excluded.retry_at, released_at = excluded.released_at`,
);

export const putQuarantine =
  (sql: Sql): Tx["putQuarantine"] =>
  async ({ dagId, runKey, versionId, code, reason, failures, since, retryAt, releasedAt }) => {
    await sql.run(put, [dagId, runKey, versionId, code, reason, failures, since, retryAt, releasedAt]);
  };

const list = statement(
  "quarantine.list",
  `select ${selectList("q", fields)} from quarantine q
  where q.run_key is not null or exists (select from dag d where d.dag_id = q.dag_id and d.version_id = q.version_id)
  order by q.dag_id, q.subject`,
);

export const listQuarantine =
  (sql: Sql): Tx["listQuarantine"] =>
  () =>
    sql.all<QuarantineRow>(list, []);

const deleteOne = statement(
  "quarantine.delete",
  "delete from quarantine where dag_id = $1 and subject = coalesce($2::bigint, 0)",
);

export const deleteQuarantine =
  (sql: Sql): Tx["deleteQuarantine"] =>
  async ({ dagId, runKey }) => {
    await sql.run(deleteOne, [dagId, runKey]);
  };
