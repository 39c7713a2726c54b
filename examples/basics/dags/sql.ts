import { context, dag, task } from "airloom";
import { sql } from "airloom/operators";
import { z } from "zod";

const rows = z.array(z.object({ region: z.string(), orders: z.number(), total: z.number() }));

export const report = task("report", (totals: z.output<typeof rows>) => {
  for (const { region, orders, total } of totals) console.log(`${region}: ${orders} orders, ${total.toFixed(2)}`);
  return totals.reduce((sum, { total }) => sum + total, 0);
});

/**
 * SQL on a PostgreSQL server of your own. Tell where it is, once:
 * `airloom connections add basics_warehouse --conn-uri postgres://user:password@host:5432/database`
 */
export default dag(
  "basics_sql",
  {
    description: "A table, a day's rows that can be loaded again and again, and a report",
    tags: ["example", "basics", "sql"],
    params: z.object({ day: z.iso.date().default("2026-01-01") }),
    taskDefaults: { retries: 1, retryDelay: "2s" },
  },
  ({ params }) => {
    const connection = "basics_warehouse";
    const table = sql("make_table", {
      connection,
      sql: `create table if not exists basics_order (
              day date not null, id integer not null, region text not null, total numeric(10, 2) not null,
              primary key (day, id))`,
    });
    // Values are bound to $1, $2 …, never pasted into the text. Loading a day twice changes nothing: the key stands in the way.
    const loaded = sql("load_day", {
      connection,
      sql: `insert into basics_order (day, id, region, total)
            select $1::date, number, case when number % 3 = 0 then 'us' else 'eu' end, number * 1.25
            from generate_series(1, 20) as number
            on conflict (day, id) do update set region = excluded.region, total = excluded.total`,
      params: [params.day],
    });
    // Longer statements lie in files of their own, which travel with the Dag. The schema gives the rows their type.
    const totals = sql("daily_totals", {
      connection,
      sql: new URL("./daily_totals.sql", import.meta.url),
      params: [params.day],
      output: rows,
    });
    table.before(loaded);
    loaded.before(totals);
    report(totals).before(
      sql("count_days", {
        connection,
        // Computed when the task runs, from its context.
        sql: ({ dagId }) => `/* ${dagId} */ select count(distinct day)::int as days from basics_order`,
      }),
    );
  },
);

/** What a connection holds is there for code, too; its password is masked in logs. */
export const where = dag("basics_connection", { tags: ["example", "basics", "sql"] }, () => {
  task("show", async () => {
    const { host, port, schema, login } = await context().getConnection("basics_warehouse");
    return { host, port, database: schema, login };
  })();
});
