import { createPostgresStore } from "@airloom/db";
import { cloneDatabase } from "@airloom/testkit";
import pg from "pg";
import { expect, test } from "vitest";
import { startProxy, type TcpProxy } from "./proxy.ts";

interface Ways {
  readonly proxy: TcpProxy;
  readonly store: ReturnType<typeof createPostgresStore>;
  /** Past the proxy. */
  readonly url: string;
}

async function behindProxy(act: (ways: Ways) => Promise<void>): Promise<void> {
  const clone = await cloneDatabase();
  const folder = decodeURIComponent(/[?&]host=([^&]+)/.exec(clone.url)?.[1] ?? "");
  const database = /@\/([^?]+)/.exec(clone.url)?.[1];
  const proxy = await startProxy({ path: `${folder}/.s.PGSQL.5432` });
  const store = createPostgresStore({ url: `postgresql://postgres@127.0.0.1:${proxy.port}/${database}`, poolSize: 3 });
  try {
    await act({ proxy, store, url: clone.url });
  } finally {
    proxy.heal();
    await store.close();
    await proxy.stop();
    await clone.drop();
  }
}

const touch = ({ store }: Ways) => store.tx((tx) => tx.findRun("none", "none"));

test("connections that are dead in silence are found within 15 s, those that nobody waits on too", () =>
  behindProxy(async (ways) => {
    await Promise.all([touch(ways), touch(ways), touch(ways)]);
    ways.proxy.mode({ kind: "blackhole", only: "open" });
    const began = performance.now();
    await expect(touch(ways)).rejects.toMatchObject({ code: "DATABASE_UNREACHABLE" });
    expect(performance.now() - began).toBeLessThan(15_000);
    // The other two were idle: they must not cost as much again.
    const again = performance.now();
    await Promise.all([touch(ways), touch(ways), touch(ways)]);
    expect(performance.now() - again).toBeLessThan(3_000);
  }));

test("a statement that PostgreSQL works on may be silent for longer than a dead connection may", () =>
  behindProxy(async (ways) => {
    const locker = new pg.Client({ connectionString: ways.url });
    await locker.connect();
    try {
      await locker.query("begin; lock table dag_run in access exclusive mode");
      const touched = touch(ways);
      await locker.query("select pg_sleep(7.5); rollback");
      expect(await touched).toBeNull();
    } finally {
      await locker.end();
    }
  }));
