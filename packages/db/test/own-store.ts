import { createPostgresStore, type PoolOptions } from "@airloom/db";
import type { Store } from "@airloom/store";
import { cloneDatabase } from "@airloom/testkit";
import pg from "pg";
import { afterAll } from "vitest";

/** A database for one test file, with a store and a plain connection beside it. */
export interface OwnStore {
  readonly url: string;
  readonly store: Store;
  readonly client: pg.Client;
  /** Another store on the same database; closed with the file. */
  another(options?: Partial<PoolOptions>): Store;
}

/** @example const own = await ownStore({ poolSize: 8 }); */
export async function ownStore(options: Partial<PoolOptions> = {}): Promise<OwnStore> {
  const database = await cloneDatabase();
  const stores: Store[] = [];
  const another = (given: Partial<PoolOptions> = {}): Store => {
    const store = createPostgresStore({ url: database.url, ...given });
    stores.push(store);
    return store;
  };
  const client = new pg.Client({ connectionString: database.url });
  client.on("error", () => {});
  await client.connect();
  afterAll(async () => {
    await Promise.all(stores.map((store) => store.close()));
    await client.end();
    await database.drop();
  });
  return { url: database.url, store: another(options), client, another };
}

/** Resolves when a query of one column and row says true: for what happens in the server. */
export async function eventually(client: pg.Client, sql: string): Promise<void> {
  for (;;) {
    const { rows } = await client.query<Record<string, unknown>>(sql);
    if (Object.values(rows[0] ?? {})[0] === true) return;
  }
}
