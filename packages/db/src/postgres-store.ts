import type { Store } from "@airloom/store";
import { defaultPoolOptions, openPool, type PoolOptions } from "./connection/pool.ts";
import { runTransaction } from "./connection/transaction.ts";
import { createHintHub } from "./hints/hint-hub.ts";

/**
 * The store in PostgreSQL. Connects when first used; the database must have been migrated (`migrate`).
 * @example const store = createPostgresStore({ url: "postgres://localhost/airloom" });
 *   const run = await store.tx((tx) => tx.findRun("daily_orders", "manual__1"));
 */
export function createPostgresStore(options: PoolOptions): Store {
  const pool = openPool(options);
  const { applicationName = defaultPoolOptions.applicationName, url } = options;
  const hints = createHintHub({ url, applicationName });
  let closing: Promise<void> | undefined;
  return {
    tx: (fn) => runTransaction(pool, fn),
    hint: hints.hint,
    onHint: hints.onHint,
    close: () => {
      closing ??= Promise.all([hints.close(), pool.end()]).then(() => {});
      return closing;
    },
  };
}
