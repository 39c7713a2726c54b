import { createPostgresStore, type PostgresStore } from "@airloom/db";
import { createMemoryStore, type Store } from "@airloom/store";
import { cloneDatabase } from "./clone-database.ts";
import { runSql } from "./run-sql.ts";

/** A store of one's own whose clock can be moved on. */
export interface OwnedStore<Kept extends Store = Store> {
  readonly store: Kept;
  /** For all who use the store, from the next transaction on. */
  shiftClock(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** @example const { store, shiftClock, close } = memoryStore(); */
export function memoryStore(): OwnedStore {
  let shift = 0;
  const store = createMemoryStore({ clock: { now: () => new Date(Date.now() + shift) } });
  return {
    store,
    shiftClock: async (ms) => {
      shift += ms;
    },
    close: () => store.close(),
  };
}

/** A PostgreSQL store over a clone of its own; `another` is a second process's view of the same database. */
export async function cloneStore(): Promise<OwnedStore<PostgresStore> & { another(): PostgresStore }> {
  const database = await cloneDatabase();
  const stores: PostgresStore[] = [];
  const another = () => {
    const store = createPostgresStore({ url: database.url });
    stores.push(store);
    return store;
  };
  return {
    store: another(),
    another,
    shiftClock: (ms) => runSql(database.url, `update clock set shift = shift + interval '${ms} milliseconds'`),
    close: async () => {
      await Promise.all(stores.map((store) => store.close()));
      await database.drop();
    },
  };
}
