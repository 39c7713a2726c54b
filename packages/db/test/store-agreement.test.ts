import { createPostgresStore } from "@airloom/db";
import { createMemoryStore } from "@airloom/store";
import { cloneDatabase, storeAgreement, storeWaitingAgreement } from "@airloom/testkit";
import pg from "pg";

const countWaiting = `select count(*)::int as waiting from pg_locks join pg_stat_activity a using (pid)
  where not granted and a.datname = current_database()`;

const makePostgres = async () => {
  const database = await cloneDatabase();
  const store = createPostgresStore({ url: database.url, poolSize: 4 });
  const watch = new pg.Client({ connectionString: database.url });
  await watch.connect();
  return {
    store,
    waiting: async () => (await watch.query<{ waiting: number }>(countWaiting)).rows[0]?.waiting ?? 0,
    close: async () => {
      await Promise.all([watch.end(), store.close()]);
      await database.drop();
    },
  };
};

const makeMemory = async () => {
  const store = createMemoryStore({ clock: { now: () => new Date() } });
  return { store, close: () => store.close() };
};

// Tests and simulation run on memory: what it does has to be what PostgreSQL does, or they prove a fiction.
storeAgreement("PostgreSQL and memory agree", { makeA: makePostgres, makeB: makeMemory });
storeWaitingAgreement("PostgreSQL waits where memory does", { makeReal: makePostgres, makeMemory });
