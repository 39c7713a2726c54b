import { AirloomError } from "@airloom/core";
import pg from "pg";
import { afterStep, beforeStep } from "../connection/commit-failpoints.ts";
import { asAirloomError, messageOf } from "../connection/database-error.ts";
import { type Migration, migrations, newestMigration } from "./migration-list.ts";

/** Whether a database has the schema this version of Airloom needs. */
export interface SchemaState {
  /** `pending`: to be migrated. `newer`: made by a later Airloom. */
  readonly kind: "ok" | "pending" | "newer";
  /** Number of the newest migration that was applied; 0 = none. */
  readonly have: number;
  readonly known: number;
}

/** Any number, the same for every process that migrates. */
const lockKey = 4_217_064_551;
/** Milliseconds to wait for another process that is migrating, and for locks of tables that are in use. */
const lockTimeoutMs = 60_000;

/**
 * Brings a database to the schema of this version: applies what is missing, each migration in a transaction of its own, under a
 * lock that lets one process at a time do it. Doing it again, or in several processes at once, is harmless.
 * @returns the names of the migrations applied now.
 * @throws DATABASE_TOO_NEW, DATABASE_CHANGED, DATABASE_MIGRATION_FAILED, DATABASE_UNREACHABLE
 * @example await migrate("postgres://localhost/airloom");
 */
export function migrate(url: string): Promise<readonly string[]> {
  return withClient(url, async (client) => {
    await client.query(`set lock_timeout = ${lockTimeoutMs}; set client_min_messages = warning`);
    await client.query("select pg_advisory_lock($1)", [lockKey]);
    await client.query(`create table if not exists schema_migration (
      number integer primary key, name text not null, checksum text not null, applied_at timestamptz(3) not null default now())`);
    const applied = await listApplied(client);
    refuseForeign(applied);
    const pending = migrations.slice(applied.length);
    for (const migration of pending) await apply(client, migration);
    return pending.map((migration) => migration.name);
  });
}

/** What `migrate` would find, without changing anything. */
export function checkSchema(url: string): Promise<SchemaState> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ exists: boolean }>(
      `select to_regclass('schema_migration') is not null as "exists"`,
    );
    const have = rows[0]?.exists ? (await listApplied(client)).length : 0;
    const kind = have === newestMigration ? "ok" : have < newestMigration ? "pending" : "newer";
    return { kind, have, known: newestMigration };
  });
}

interface Applied {
  readonly name: string;
  readonly checksum: string;
}

const listApplied = async (client: pg.Client): Promise<readonly Applied[]> =>
  (await client.query<Applied>("select name, checksum from schema_migration order by number")).rows;

function refuseForeign(applied: readonly Applied[]): void {
  if (applied.length > newestMigration) {
    throw new AirloomError("DATABASE_TOO_NEW", { have: applied.length, known: newestMigration });
  }
  const changed = applied.find((row, index) => row.checksum !== migrations[index]?.checksum);
  if (changed) throw new AirloomError("DATABASE_CHANGED", { migration: changed.name });
}

async function apply(client: pg.Client, { number, name, sql, checksum }: Migration): Promise<void> {
  await client.query("begin");
  try {
    await client.query(sql);
    const values = [number, name, checksum];
    await client.query("insert into schema_migration (number, name, checksum) values ($1, $2, $3)", values);
    if (globalThis.FAILPOINTS) await beforeStep(number, client);
    await client.query("commit");
    if (globalThis.FAILPOINTS) await afterStep(number, client);
  } catch (error) {
    await client.query("rollback").catch(() => {});
    throw new AirloomError(
      "DATABASE_MIGRATION_FAILED",
      { migration: name, reason: messageOf(error) },
      { cause: error },
    );
  }
}

/** The lock and the settings end with the connection, however that ends. */
async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionString: url,
    application_name: "airloom migrate",
    connectionTimeoutMillis: 10_000,
  });
  client.on("error", () => {});
  try {
    await client.connect();
    return await work(client);
  } catch (error) {
    throw asAirloomError(error, "undone");
  } finally {
    await client.end().catch(() => {});
  }
}
