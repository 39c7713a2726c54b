import pg from "pg";
import type { Change, Row } from "./history.ts";

/**
 * Writes down each change of a row in the transaction that makes it, so that what was rolled back leaves no trace and what was
 * committed cannot hide. In databases of tests only. The sequence is advanced while the row is locked.
 */
const recorder = `
create table history (
  id bigint generated always as identity primary key,
  xid xid not null default pg_current_xact_id()::xid,
  at timestamptz not null default clock_timestamp(),
  statement_at timestamptz not null default statement_timestamp(),
  actor text not null default current_setting('application_name'),
  of_table text not null,
  before jsonb,
  after jsonb
);
create function record_change() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    insert into history (of_table, after) values (tg_table_name, to_jsonb(new));
  elsif tg_op = 'DELETE' then
    insert into history (of_table, before) values (tg_table_name, to_jsonb(old));
  elsif to_jsonb(old) <> to_jsonb(new) then
    insert into history (of_table, before, after) values (tg_table_name, to_jsonb(old), to_jsonb(new));
  end if;
  return null;
end $$;
`;

const tables = ["task_instance", "attempt", "dag_run", "dag", "pool", "executor", "run_wakeup", "xcom"];

/** Starts to record every change in a database, and the limits that are there already. */
export async function record(url: string): Promise<void> {
  const triggers = tables.map(
    (table) => `create trigger record_change after insert or update or delete on ${table}
      for each row execute function record_change();`,
  );
  const there = ["pool", "executor"].map(
    (table) => `insert into history (of_table, after) select '${table}', to_jsonb(t) from ${table} t;`,
  );
  await onConnection(url, (client) => client.query([recorder, ...triggers, ...there].join("\n")));
}

interface Recorded {
  readonly id: number;
  readonly commit: number;
  readonly at: number;
  readonly statementAt: number;
  readonly actor: string;
  readonly table: string;
  readonly before: Row | null;
  readonly after: Row | null;
}

const read = `
select id::double precision as id, (extract(epoch from pg_xact_commit_timestamp(xid)) * 1000000)::double precision as commit,
  (extract(epoch from at) * 1000)::double precision as at,
  (extract(epoch from statement_at) * 1000)::double precision as "statementAt",
  actor, of_table as "table", before, after
from history order by 2, 1`;

/** All that was recorded, in the order of the commits. The server must run with \`track_commit_timestamp\`. */
export const readChanges = (url: string): Promise<readonly Change[]> =>
  onConnection(url, async (client) => (await client.query<Recorded>(read)).rows);

/** How often PostgreSQL had to break a deadlock in this database. */
export const countDeadlocks = (url: string): Promise<number> =>
  onConnection(url, async (client) => {
    const { rows } = await client.query<{ n: number }>(
      "select deadlocks::int as n from pg_stat_database where datname = current_database()",
    );
    return rows[0]?.n ?? 0;
  });

async function onConnection<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, application_name: "recorder" });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
