import pg from "pg";

/** How a column of a copied row differs from its template's; `g` is the number of the copy, `base` the largest run key before. */
type Changes = Readonly<Record<string, string>>;

const runChanges: Changes = {
  key: "base.key + g",
  number: "t.number + g",
  run_id: "'history__' || g",
  logical_date: "null",
  run_after: "t.run_after - g * interval '1 minute'",
  queued_at: "t.queued_at - g * interval '1 minute'",
  started_at: "t.started_at - g * interval '1 minute'",
  ended_at: "t.ended_at - g * interval '1 minute'",
};
const instanceId = "md5(g || ' ' || t.id)";

/**
 * Copies a finished run so often that the database holds the history of a long-lived installation: runs, instances, attempts, counts.
 * @returns how many instances were written.
 */
export async function writeHistory(url: string, dagId: string, runs: number): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ key: number }>(
      "select key::int from dag_run where dag_id = $1 and state = 'success' order by key limit 1",
      [dagId],
    );
    const template = rows[0]?.key ?? 0;
    const { rows: largest } = await client.query<{ key: number }>("select max(key)::int as key from dag_run");
    const copies = { client, template, base: largest[0]?.key ?? 0 };
    let written = 0;
    for (let from = 1; from <= runs; from += 5_000) {
      const to = Math.min(runs, from + 4_999);
      await copy(copies, "dag_run t where t.key = $1", { table: "dag_run", changes: runChanges, from, to });
      written += await copy(copies, "task_instance t where t.run_key = $1", {
        table: "task_instance",
        changes: {
          id: instanceId,
          run_key: "base.key + g",
          queued_at: runChanges.queued_at as string,
          started_at: runChanges.started_at as string,
          ended_at: runChanges.ended_at as string,
        },
        from,
        to,
      });
      await copy(copies, "attempt t join task_instance ti on ti.id = t.task_instance_id where ti.run_key = $1", {
        table: "attempt",
        changes: { task_instance_id: "md5(g || ' ' || t.task_instance_id)" },
        from,
        to,
      });
      await copy(copies, "task_tally t where t.run_key = $1", {
        table: "task_tally",
        changes: { run_key: "base.key + g" },
        from,
        to,
      });
      process.stderr.write(`\r${written} task instances`);
    }
    process.stderr.write("\n");
    await client.query("select setval(pg_get_serial_sequence('dag_run', 'key'), (select max(key) from dag_run))");
    await client.query("vacuum analyze");
    return written;
  } finally {
    await client.end();
  }
}

interface Copies {
  readonly client: pg.Client;
  readonly template: number;
  readonly base: number;
}

interface Copy {
  readonly table: string;
  readonly changes: Changes;
  readonly from: number;
  readonly to: number;
}

async function copy(
  { client, template, base }: Copies,
  source: string,
  { table, changes, from, to }: Copy,
): Promise<number> {
  const { rows } = await client.query<{ name: string }>(
    "select column_name as name from information_schema.columns where table_name = $1 and is_generated = 'NEVER' order by ordinal_position",
    [table],
  );
  const columns = rows.map(({ name }) => name);
  const [tables = "", condition = ""] = source.split(" where ");
  const { rowCount } = await client.query(
    `insert into ${table} (${columns.join(", ")}) overriding system value
    select ${columns.map((name) => changes[name] ?? `t.${name}`).join(", ")}
    from generate_series(${from}, ${to}) g, (values (${base})) as base (key), ${tables} where ${condition}`,
    [template],
  );
  return rowCount ?? 0;
}
