import { type Ref, task } from "@airloom/sdk";
import { cloneDatabase, type DatabaseClone, runTask, type TaskTrial } from "@airloom/testkit";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type SqlOptions, sql } from "../src/index.ts";

let database: DatabaseClone;
let watcher: pg.Client;
beforeAll(async () => {
  database = await cloneDatabase();
  watcher = new pg.Client({ connectionString: database.url });
  await watcher.connect();
});
afterAll(async () => {
  await watcher.end();
  await database.drop();
});

type Options = Omit<SqlOptions<z.ZodType>, "url">;
const run = (options: Options, around: Parameters<typeof runTask>[1] = {}): Promise<TaskTrial> =>
  runTask(() => sql("s", { url: database.url, ...options }), around);

const running = async (word: string): Promise<number> => {
  const found = await watcher.query(
    "select count(*)::int as n from pg_stat_activity where state = 'active' and query like $1 and pid <> pg_backend_pid()",
    [`%${word}%`],
  );
  return (found.rows[0] as { n: number }).n;
};

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error("Waited 10 s in vain.");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe("sql", () => {
  test("returns rows, each column exact and of one type", async () => {
    const { value, outcome } = await run({
      sql: `select true as b, 1::int2 as i2, 2 as i4, 9007199254740993 as i8, 0.1::float8 as f8, 1.10::numeric as num,
        'x' as t, null as nothing, date '2026-03-29' as d, timestamp '2026-03-29 02:30' as ts,
        timestamptz '2026-03-29 02:30:00.123+05:30' as tz, timestamptz 'infinity' as inf, interval '1 day 2 hours' as span,
        '{"a": [1]}'::jsonb as j, '\\x00ff'::bytea as bytes, array[1, null, 3] as ints, array[1]::int8[] as bigs,
        array['a,b', null, '{}'] as texts, array[array[1], array[2]] as deep, point(1, 2) as p`,
    });
    expect(outcome).toEqual({ kind: "succeeded" });
    expect(value).toStrictEqual([
      {
        b: true,
        i2: 1,
        i4: 2,
        i8: 9007199254740993n,
        f8: 0.1,
        num: "1.10",
        t: "x",
        nothing: null,
        d: "2026-03-29",
        ts: "2026-03-29 02:30:00",
        tz: new Date("2026-03-28T21:00:00.123Z"),
        inf: "infinity",
        span: "1 day 02:00:00",
        j: { a: [1] },
        bytes: new Uint8Array([0, 255]),
        ints: [1, null, 3],
        bigs: [1n],
        texts: ["a,b", null, "{}"],
        deep: [[1], [2]],
        p: "(1,2)",
      },
    ]);
  });

  test("binds its parameters, also those of upstream tasks", async () => {
    const names = task("names", () => ["'; drop table x; --", "b"]);
    const trial = await runTask(
      ({ run: facts }) =>
        sql("s", {
          url: database.url,
          sql: "select $1::text[] as names, $2::timestamptz as at, $3::int8 as n, $4::jsonb as j, $5::bytea as bytes",
          params: [names(), facts.logicalDate, 2n ** 60n, { a: 1 }, new Uint8Array([1])],
        }),
      { inputs: { names: ["'; drop table x; --", "b"] } },
    );
    expect(trial.value).toStrictEqual([
      {
        names: ["'; drop table x; --", "b"],
        at: new Date("2026-01-02"),
        n: 2n ** 60n,
        j: { a: 1 },
        bytes: new Uint8Array([1]),
      },
    ]);
  });

  test("takes its connection by id, and says when there is none", async () => {
    const { host, port, user, password, database: name } = watcher;
    const dwh = { host, port, login: user ?? null, password: password ?? null, schema: name ?? null };
    const found = await runTask(() => sql("s", { connection: "dwh", sql: "select current_database() as name" }), {
      connections: { dwh },
    });
    expect(found.outcome).toEqual({ kind: "succeeded" });
    expect(found.value).toEqual([{ name }]);
    const missing = await runTask(() => sql("s", { connection: "gone", sql: "select 1" }));
    const message = expect.stringContaining('Connection "gone" was not found.');
    expect(missing.outcome).toMatchObject({ error: { message } });
  });

  test("runs several statements in one transaction and returns the last rows", async () => {
    const good = await run({
      sql: "create table a (n int); insert into a values (1), (2); select n from a order by n; delete from a where n = 1",
    });
    expect(good.value).toEqual([{ n: 1 }, { n: 2 }]);
    expect(good.log.map(({ msg }) => msg)).toEqual([
      "CREATE: 0 rows",
      "INSERT: 2 rows",
      "SELECT: 2 rows",
      "DELETE: 1 rows",
    ]);
    const bad = await run({ sql: "insert into a values (7); select 1/0" });
    expect(bad.outcome).toMatchObject({ kind: "failed", retry: true, error: { message: "division by zero" } });
    expect((await run({ sql: "select n from a" })).value).toEqual([{ n: 2 }]);
  });

  test("reads its statements from a file beside the Dag when it runs", async () => {
    const { value } = await run({ sql: new URL("./fixtures/answer.sql", import.meta.url) });
    expect(value).toEqual([{ answer: 42 }]);
  });

  test("checks its rows by a schema, which types them", async () => {
    const output = z.array(z.object({ n: z.number() }));
    const trial = await runTask(() => {
      const rows: Ref<{ n: number }[]> = sql("s", { url: database.url, sql: "select 1 as n", output });
      return rows;
    });
    expect(trial.value).toEqual([{ n: 1 }]);
    expect((await run({ sql: "select 'x' as n", output })).outcome).toMatchObject({ error: { name: "InvalidOutput" } });
  });

  test("logs notices", async () => {
    const { log } = await run({ sql: "do $$ begin raise warning 'half full'; end $$" });
    expect(log[0]?.msg).toBe("WARNING: half full");
  });

  test("keeps what its parameters came to", async () => {
    const { xcoms } = await run({ sql: ({ runId }) => `select '${runId}' as id` });
    expect(xcoms.map(({ key }) => key)).toEqual(["rendered_fields", "return_value"]);
  });

  test("a cancel ends the statement on the server", async () => {
    const controller = new AbortController();
    const trial = run({ sql: "select 'cancel-me', pg_sleep(1000)" }, { signal: controller.signal });
    await until(async () => (await running("cancel-me")) === 1);
    controller.abort(new Error("cleared"));
    expect((await trial).outcome).toMatchObject({ kind: "failed", error: { message: "cleared" } });
    await until(async () => (await running("cancel-me")) === 0);
  });

  test("a server that ends the connection fails the task, not the process", async () => {
    const trial = run({ sql: "select 'terminate-me', pg_sleep(1000)" });
    await until(async () => (await running("terminate-me")) === 1);
    await watcher.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where query like '%terminate-me%' and pid <> pg_backend_pid()",
    );
    expect((await trial).outcome).toMatchObject({ kind: "failed", retry: true });
  });

  test("needs one way to the database", async () => {
    expect((await runTask(() => sql("s", { sql: "select 1" }))).outcome).toMatchObject({
      error: { message: expect.stringContaining("either `connection`") },
    });
  });
});
