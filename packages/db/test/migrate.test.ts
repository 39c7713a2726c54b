import { checkSchema, migrate } from "@airloom/db";
import { cloneDatabase } from "@airloom/testkit";
import pg from "pg";
import { afterAll, expect, test } from "vitest";

const database = await cloneDatabase();
const client = new pg.Client({ connectionString: database.url });
await client.connect();
afterAll(async () => {
  await client.end();
  await database.drop();
});

const wipe = () => client.query("drop schema public cascade; create schema public");

test("five processes that migrate an empty database at once apply each step once", async () => {
  await wipe();
  expect(await checkSchema(database.url)).toMatchObject({ kind: "pending", have: 0 });
  const applied = await Promise.all(Array.from({ length: 5 }, () => migrate(database.url)));
  expect(applied.toSorted((a, b) => b.length - a.length)).toEqual([
    ["init", "quarantine", "token-of-one-attempt"],
    [],
    [],
    [],
    [],
  ]);
  expect(await checkSchema(database.url)).toEqual({ kind: "ok", have: 3, known: 3 });
});

test("a database that a newer version migrated is refused, not touched", async () => {
  await client.query("insert into schema_migration (number, name, checksum) values (4, 'from the future', 'x')");
  expect(await checkSchema(database.url)).toMatchObject({ kind: "newer", have: 4, known: 3 });
  await expect(migrate(database.url)).rejects.toMatchObject({ code: "DATABASE_TOO_NEW", data: { have: 4, known: 3 } });
  await client.query("delete from schema_migration where number = 4");
});

test("a database whose step had another text is refused", async () => {
  await client.query("update schema_migration set checksum = 'other'");
  await expect(migrate(database.url)).rejects.toMatchObject({ code: "DATABASE_CHANGED" });
});

test("where one token has two attempts already, the migration leaves it to the first and takes it from the others", async () => {
  await wipe();
  await migrate(database.url);
  await client.query(`
    delete from schema_migration where number = 3;
    drop index task_instance_token;
    insert into dag (dag_id, file, is_paused, version_id, version_number, display_name, tags, owners, max_active_runs,
      max_active_tasks, max_consecutive_failed_runs, last_parsed_at) values ('d', 'f', false, 'v', 1, 'd', '{}', '{}', 1, 1, 0, now());
    insert into dag_version (id, dag_id, number, spec, spec_hash, artifact_id, created_at) values ('v', 'd', 1, '{}', '', '', now());
    insert into dag_run (dag_id, number, run_id, run_type, state, version_id, run_after, conf, triggered_by, queued_at, started_at,
      unfinished, updated_at) values ('d', 1, 'r', 'manual', 'running', 'v', now(), '{}', 'test', now(), now(), 2, now());
    insert into task_instance (id, run_key, dag_id, task_id, map_index, operator, state, attempt, max_tries, pool, pool_slots, queue,
      executor, priority, token_hash, worker_id, lease_until, started_at, updated_at)
    select id, (select key from dag_run), 'd', id, -1, 'task', 'running', 1, 0, 'p', 1, 'q', 'local', 1, 'token', 'w', now(), now(), now()
    from unnest(array['a', 'b']) as id;
    create index task_instance_token on task_instance (token_hash) where state = 'running';`);
  expect(await migrate(database.url)).toEqual(["token-of-one-attempt"]);
  const { rows } = await client.query("select id, token_hash from task_instance order by id");
  expect(rows).toEqual([
    { id: "a", token_hash: "token" },
    { id: "b", token_hash: "token of b" },
  ]);
});

test("a step that fails is undone whole, says why, and can be done again", async () => {
  await wipe();
  await client.query("create table attempt (something_else int)");
  await expect(migrate(database.url)).rejects.toMatchObject({ code: "DATABASE_MIGRATION_FAILED" });
  const { rows } = await client.query("select to_regclass('dag') is null as undone");
  expect(rows).toEqual([{ undone: true }]);
  await client.query("drop table attempt");
  expect(await migrate(database.url)).toEqual(["init", "quarantine", "token-of-one-attempt"]);
});
