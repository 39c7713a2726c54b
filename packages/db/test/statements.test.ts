import { cloneDatabase } from "@airloom/testkit";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { allStatements } from "../src/connection/sql.ts";
import "../src/verbs.ts";

const database = await cloneDatabase();
const client = new pg.Client({ connectionString: database.url });
beforeAll(() => client.connect());
afterAll(async () => {
  await client.end();
  await database.drop();
});

test.each(allStatements())("PostgreSQL accepts the statement $name", async ({ name, text }) => {
  await client.query(`prepare "${name}" as ${text}`);
});

test("no statement has to read one of the big tables whole", async () => {
  await client.query("set enable_seqscan = off");
  await client.query("set plan_cache_mode = force_generic_plan");
  const scans: string[] = [];
  for (const { name, text } of allStatements()) {
    const count = Math.max(0, ...[...text.matchAll(/\$(\d+)/g)].map((match) => Number(match[1])));
    const nulls = count > 0 ? `(${Array.from({ length: count }, () => "null").join(", ")})` : "";
    const { rows } = await client.query<{ "QUERY PLAN": string }>(`explain execute "${name}" ${nulls}`);
    const plan = rows.map((row) => row["QUERY PLAN"]).join("\n");
    const found = /Seq Scan on (task_instance|dag_run|attempt|xcom\w*|log_\w+|task_tally|dag_version|event_log)\b/.exec(
      plan,
    );
    if (found) scans.push(`${name}: ${found[0]}`);
  }
  expect(scans).toEqual([]);
});
