import pg from "pg";
import { watchSilence } from "./silent-connections.ts";
import { valueTypes } from "./value-types.ts";

/** How a store reaches its database. */
export interface PoolOptions {
  /** `postgres://…`; sockets as `postgres://user@/database?host=/folder`. */
  readonly url: string;
  /** Connections at most. @default 10 */
  readonly poolSize?: number;
  /** Milliseconds until a statement is cancelled. @default 30000 */
  readonly statementTimeoutMs?: number;
  /** Milliseconds a statement waits for a lock. @default 10000 */
  readonly lockTimeoutMs?: number;
  /** Milliseconds an open transaction may be silent before PostgreSQL ends it: a stopped process must not hold locks for ever. @default 60000 */
  readonly idleInTransactionTimeoutMs?: number;
  /** Milliseconds to wait for a connection, new or free. @default 10000 */
  readonly connectTimeoutMs?: number;
  /** Refuse whatever writes. @default false */
  readonly readOnly?: boolean;
  /** Shown in `pg_stat_activity`. @default "airloom" */
  readonly applicationName?: string;
}

export const defaultPoolOptions = {
  poolSize: 10,
  statementTimeoutMs: 30_000,
  lockTimeoutMs: 10_000,
  idleInTransactionTimeoutMs: 60_000,
  connectTimeoutMs: 10_000,
  readOnly: false,
  applicationName: "airloom",
} satisfies Required<Omit<PoolOptions, "url">>;

const statementSettings = [
  // A statement that was planned while its table was empty would keep scanning it whole when it has grown. Every statement
  // here has its index, so whole scans are only taken where there is no other way.
  "set enable_seqscan = off",
  // One plan per statement, kept. Left to itself PostgreSQL plans a statement with an array again at each call, because the
  // plan for one known element looks cheaper: 0.15 ms for a read that takes 0.01.
  "set plan_cache_mode = force_generic_plan",
];

/** Lists are planned anew each time, for the values of their filters: partial indexes count, and so do whole scans where no index helps. */
const listSettings = ["set plan_cache_mode = force_custom_plan", "set default_transaction_read_only = on"];

/** Settings of a store's session, by `set`: a pooler in between may refuse them in the start-up packet. */
const sessionSettings = (options: Required<PoolOptions>): string =>
  [
    "set timezone = 'UTC'",
    "set datestyle = 'ISO'",
    `set statement_timeout = ${options.statementTimeoutMs}`,
    `set lock_timeout = ${options.lockTimeoutMs}`,
    `set idle_in_transaction_session_timeout = ${options.idleInTransactionTimeoutMs}`,
    ...(options.readOnly ? listSettings : statementSettings),
    // The cost of such a last resort looks so high that PostgreSQL would compile the query first.
    "set jit = off",
  ].join("; ");

/**
 * A pool of pipelining connections. Broken ones leave it by themselves; an idle one's error is not an error of the program.
 */
export function openPool(given: PoolOptions): pg.Pool {
  const options = { ...defaultPoolOptions, ...given };
  const settings = sessionSettings(options);
  const watch = watchSilence(options.url);
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.poolSize,
    pipeline: true,
    application_name: options.applicationName,
    connectionTimeoutMillis: options.connectTimeoutMs,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    types: valueTypes,
    onConnect: async (client) => {
      // A connection that breaks while it is taken tells so by its statements; without a listener it would end the process.
      client.on("error", () => {});
      watch(client);
      await client.query(settings);
    },
  });
  pool.on("error", () => {});
  return pool;
}
