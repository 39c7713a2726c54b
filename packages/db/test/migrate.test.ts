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
  expect(applied.toSorted((a, b) => b.length - a.length)).toEqual([["init", "quarantine"], [], [], [], []]);
  expect(await checkSchema(database.url)).toEqual({ kind: "ok", have: 2, known: 2 });
});

test("a database that a newer version migrated is refused, not touched", async () => {
  await client.query("insert into schema_migration (number, name, checksum) values (3, 'from the future', 'x')");
  expect(await checkSchema(database.url)).toMatchObject({ kind: "newer", have: 3, known: 2 });
  await expect(migrate(database.url)).rejects.toMatchObject({ code: "DATABASE_TOO_NEW", data: { have: 3, known: 2 } });
  await client.query("delete from schema_migration where number = 3");
});

test("a database whose step had another text is refused", async () => {
  await client.query("update schema_migration set checksum = 'other'");
  await expect(migrate(database.url)).rejects.toMatchObject({ code: "DATABASE_CHANGED" });
});

test("a step that fails is undone whole, says why, and can be done again", async () => {
  await wipe();
  await client.query("create table attempt (something_else int)");
  await expect(migrate(database.url)).rejects.toMatchObject({ code: "DATABASE_MIGRATION_FAILED" });
  const { rows } = await client.query("select to_regclass('dag') is null as undone");
  expect(rows).toEqual([{ undone: true }]);
  await client.query("drop table attempt");
  expect(await migrate(database.url)).toEqual(["init", "quarantine"]);
});
