import type { LogRow, Tx } from "@airloom/store";
import { arrayOf } from "../connection/array-literal.ts";
import { type Sql, statement } from "../connection/sql.ts";

/** Two appends to one attempt (a repeated request beside the slow first one) go one after the other, and see each other. */
const lockAttempt = statement(
  "log_chunk.lock",
  "select pg_advisory_xact_lock(hashtextextended($1::text || ' ' || $2::int, 0))",
);

/**
 * Adds one chunk. Chunks of an attempt must not overlap: those that would are taken out and merged into it, where the record
 * that was there first stays. Mostly there are none. $1 instance, $2 attempt, $3 seqs, $4 records.
 */
const append = statement(
  "log_chunk.append",
  `with new_record as materialized (
    select distinct on (seq) seq, record from unnest($3::bigint[], $4::text[]) with ordinality as r (seq, record, n) order by seq, n
  ),
  span as materialized (select min(seq) as low, max(seq) as high from new_record),
  overlapping as (
    delete from log_chunk c using span
    where c.task_instance_id = $1 and c.attempt = $2 and c.first_seq <= span.high and c.last_seq >= span.low
    returning c.seqs, c.records
  ),
  old_record as materialized (select r.seq, r.record from overlapping c cross join lateral unnest(c.seqs, c.records) as r (seq, record)),
  fresh as materialized (select n.* from new_record n where not exists (select from old_record o where o.seq = n.seq)),
  merged as (select seq, record from old_record union all select seq, record from fresh),
  chunk as (
    insert into log_chunk (task_instance_id, attempt, first_seq, last_seq, seqs, records)
    select $1, $2, min(seq), max(seq), array_agg(seq order by seq), array_agg(record order by seq) from merged
    having count(*) > 0
  )
  insert into log_size as s (task_instance_id, attempt, bytes)
  select $1, $2, coalesce(sum(octet_length(record)), 0) from fresh
  on conflict (task_instance_id, attempt) do update set bytes = s.bytes + excluded.bytes
  returning s.bytes`,
);

export const appendLogs =
  (sql: Sql): Tx["appendLogs"] =>
  async (taskInstanceId, records) => {
    const attempt = records[0]?.attempt;
    if (attempt === undefined) return 0;
    const seqs = arrayOf(records.map((record) => record.seq));
    const texts = arrayOf(records.map((record) => JSON.stringify(record)));
    const [, stored] = await Promise.all([
      sql.run(lockAttempt, [taskInstanceId, attempt]),
      sql.first<{ readonly bytes: number }>(append, [taskInstanceId, attempt, seqs, texts]),
    ]);
    return stored?.bytes ?? 0;
  };

const count = statement(
  "log_size.find",
  "select bytes from log_size where task_instance_id = $1 and attempt = $2::int",
);

export const countLogBytes =
  (sql: Sql): Tx["countLogBytes"] =>
  async (taskInstanceId, attempt) =>
    (await sql.first<{ readonly bytes: number }>(count, [taskInstanceId, attempt]))?.bytes ?? 0;

/** Chunks come in order and are opened one by one until the limit is reached. */
const list = statement(
  "log_chunk.list",
  `select r.record from (
    select attempt, first_seq, seqs, records from log_chunk
    where task_instance_id = $1 and attempt = any($2::int[]) and (attempt, last_seq) > ($3::int, $4::bigint)
    order by attempt, first_seq
  ) c cross join lateral unnest(c.seqs, c.records) as r (seq, record)
  where (c.attempt, r.seq) > ($3::int, $4::bigint)
  order by c.attempt, c.first_seq, r.seq limit $5`,
);

export const listLogs =
  (sql: Sql): Tx["listLogs"] =>
  async ({ taskInstanceId, attempts, after = { attempt: -1, seq: -1 }, limit }) => {
    const values = [taskInstanceId, arrayOf(attempts), after.attempt, after.seq, limit];
    const rows = await sql.all<{ readonly record: string }>(list, values);
    return rows.map((row) => JSON.parse(row.record) as LogRow);
  };
