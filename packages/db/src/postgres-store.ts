import type { Reads, Store } from "@airloom/store";
import { defaultPoolOptions, openPool, type PoolOptions } from "./connection/pool.ts";
import { runTransaction } from "./connection/transaction.ts";
import { createHintHub } from "./hints/hint-hub.ts";
import { createReads } from "./reads/create-reads.ts";

/** A store that also has the lists people look at. */
export interface PostgresStore extends Store {
  readonly reads: Reads;
}

/** Lists are for people: one that takes longer than this is not worth waiting for, and holds up others. */
const readTimeoutMs = 5_000;

/**
 * The store in PostgreSQL. Connects when first used; the database must have been migrated (`migrate`).
 * @example const store = createPostgresStore({ url: "postgres://localhost/airloom" });
 *   const run = await store.tx((tx) => tx.findRun("daily_orders", "manual__1"));
 */
export function createPostgresStore(options: PoolOptions): PostgresStore {
  const pool = openPool(options);
  // Connections of their own: people who look at long lists must not keep the moves of runs waiting.
  const readPool = openPool({
    ...options,
    poolSize: Math.min(4, options.poolSize ?? defaultPoolOptions.poolSize),
    statementTimeoutMs: readTimeoutMs,
    readOnly: true,
  });
  const { applicationName = defaultPoolOptions.applicationName, url } = options;
  const hints = createHintHub({ url, applicationName });
  let closing: Promise<void> | undefined;
  return {
    reads: createReads(readPool),
    tx: (fn) => runTransaction(pool, fn),
    hint: hints.hint,
    onHint: hints.onHint,
    close: () => {
      closing ??= Promise.all([hints.close(), pool.end(), readPool.end()]).then(() => {});
      return closing;
    },
  };
}
