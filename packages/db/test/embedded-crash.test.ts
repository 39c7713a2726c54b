import { startEmbedded } from "@airloom/db";
import pg from "pg";
import { expect, test } from "vitest";
import { ask, killHard, newHome, serverPids, until } from "./embedded-setup.ts";

/** Inserts rows one by one until the connection breaks. */
async function insertUntilDeath(url: string, acknowledged: number[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  try {
    for (let id = acknowledged.length; ; id += 1) {
      await client.query("insert into ledger values ($1)", [id]);
      acknowledged.push(id);
    }
  } catch {
    // The kill this test is about.
  } finally {
    await client.end().catch(() => {});
  }
}

test("every acknowledged row survives kill -9 of the server and its backends, five times over", async () => {
  const home = newHome();
  const acknowledged: number[] = [];
  let server = await startEmbedded({ home });
  await ask(server.url, "create table ledger (id int primary key)");
  for (let round = 1; round <= 5; round += 1) {
    const before = acknowledged.length;
    const inserting = insertUntilDeath(server.url, acknowledged);
    await until(() => acknowledged.length >= before + 200);
    for (const pid of serverPids(home)) killHard(pid);
    await inserting;
    expect(await server.exited).toEqual({ code: null, signal: "SIGKILL" });
    server = await startEmbedded({ home });
    expect(server.attached).toBe(false);
    const rows = await ask<{ id: number }>(server.url, "select id from ledger order by id");
    const found = new Set(rows.map((row) => row.id));
    expect(acknowledged.filter((id) => !found.has(id))).toEqual([]);
    // A row may be committed and its acknowledgement lost; the next round must not insert it again.
    acknowledged.splice(0, acknowledged.length, ...found);
  }
  await server.stop();
});

test("a backend that computes on after its server was killed does not block the next start", async () => {
  const home = newHome();
  const first = await startEmbedded({ home });
  const client = new pg.Client({ connectionString: first.url });
  client.on("error", () => {});
  await client.connect();
  const busy = client.query("do $$ begin loop end loop; end $$").catch(() => "broken");
  await until(
    async () =>
      (await ask(first.url, "select 1 from pg_stat_activity where query like 'do%' and state = 'active'")).length > 0,
  );

  killHard(first.pid);
  await first.exited;
  expect(serverPids(home).length).toBeGreaterThan(0);

  const second = await startEmbedded({ home });
  expect(await ask(second.url, "select 1 as one")).toEqual([{ one: 1 }]);
  expect(await busy).toBe("broken");
  await second.stop();
});

test("an immediate stop is recovered from like a power cut", async () => {
  const home = newHome();
  const first = await startEmbedded({ home });
  await ask(first.url, "create table kept as select generate_series(1, 1000) as id");
  await first.stop("immediate");
  const second = await startEmbedded({ home });
  expect(await ask(second.url, "select count(*)::int as rows from kept")).toEqual([{ rows: 1000 }]);
  await second.stop();
});
