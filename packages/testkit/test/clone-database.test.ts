import { cloneDatabase } from "@airloom/testkit";
import pg from "pg";
import { afterAll, expect, test } from "vitest";

const first = await cloneDatabase();
const second = await cloneDatabase();
afterAll(() => Promise.all([first.drop(), second.drop()]));

async function ask(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

test("what is written to one clone is not seen in another", async () => {
  await ask(first.url, "create table only_here (id int)");
  expect(await ask(first.url, "select to_regclass('only_here') is not null as found")).toEqual([{ found: true }]);
  expect(await ask(second.url, "select to_regclass('only_here') is not null as found")).toEqual([{ found: false }]);
});

test("a dropped clone is gone, also while somebody is connected to it", async () => {
  const clone = await cloneDatabase();
  const lingering = new pg.Client({ connectionString: clone.url });
  const ended = new Promise((resolve) => lingering.once("end", resolve));
  lingering.on("error", () => {});
  await lingering.connect();
  await clone.drop();
  await ended;
  await expect(ask(clone.url, "select 1")).rejects.toMatchObject({ code: "3D000" });
});

test("the clone trades safety for speed, and speaks UTF-8 in byte order", async () => {
  const rows = await ask(
    first.url,
    "select current_setting('fsync') fsync, current_setting('server_encoding') encoding, 'Z' < 'a' as bytewise",
  );
  expect(rows).toEqual([{ fsync: "off", encoding: "UTF8", bytewise: true }]);
});
