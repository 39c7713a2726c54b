import { type ConnectionValue, context } from "@airloom/sdk";
import type pg from "pg";
import { columnTypes } from "./column-types.ts";

/** Where the database is: the id of a connection, or a URL. */
export interface Target {
  readonly connection?: string | undefined;
  readonly url?: string | undefined;
}

/** Loaded at the first use: every task child holds this module, few run SQL, and loading pg takes 20 ms of a start. */
const driver = async (): Promise<typeof pg> => (await import("pg")).default;

/** What pg needs to know to connect. */
export async function clientConfig({ connection, url }: Target): Promise<pg.ClientConfig> {
  if ((connection === undefined) === (url === undefined)) {
    throw new Error("sql() needs either `connection`, the id of a connection, or `url`.");
  }
  const shared = {
    types: columnTypes(await driver()),
    application_name: applicationName(),
    connectionTimeoutMillis: 30_000,
  };
  if (url !== undefined) return { connectionString: url, ...shared };
  return { ...fromConnection(await context().getConnection(connection as string)), ...shared };
}

function fromConnection({ host, port, login, password, schema, extra }: ConnectionValue): pg.ClientConfig {
  const ssl = extra.sslmode === "disable" || extra.sslmode === undefined ? undefined : sslOptions(extra.sslmode);
  return {
    ...(host !== null && { host }),
    ...(port !== null && { port }),
    ...(login !== null && { user: login }),
    ...(password !== null && { password }),
    ...(schema !== null && { database: schema }),
    ...(ssl !== undefined && { ssl }),
  };
}

/** libpq's meaning: only the verify modes look at the certificate. */
const sslOptions = (mode: unknown): { readonly rejectUnauthorized: boolean } => ({
  rejectUnauthorized: mode === "verify-ca" || mode === "verify-full",
});

/** Shown in `pg_stat_activity`; PostgreSQL keeps 63 bytes. */
const applicationName = (): string => `airloom ${context().dagId}.${context().taskId}`.slice(0, 63);

/**
 * Runs one use of a connection. When the signal is aborted the server is told to cancel the statement, and the connection is
 * closed soon after whether or not it did.
 */
export async function withClient<T>(
  config: pg.ClientConfig,
  signal: AbortSignal,
  use: (client: pg.Client) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const { Client } = await driver();
  const client = new Client(config);
  // Errors between statements (a server going down) reach the statement, too.
  client.on("error", () => undefined);
  await client.connect();
  const cancel = (): void =>
    void cancelStatement(client, new Client({ ...config, connectionTimeoutMillis: closeAfterMs }));
  signal.addEventListener("abort", cancel, { once: true });
  try {
    return await use(client);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", cancel);
    await client.end().catch(() => undefined);
  }
}

const closeAfterMs = 2_000;

/** @param other goes to the same server. */
async function cancelStatement(client: pg.Client, other: pg.Client): Promise<void> {
  const { processID } = client as pg.Client & { readonly processID: number };
  const close = setTimeout(() => destroy(client), closeAfterMs);
  client.once("end", () => clearTimeout(close));
  other.on("error", () => undefined);
  try {
    await other.connect();
    await other.query("select pg_cancel_backend($1)", [processID]);
  } catch {
    // No second connection to be had: closing the first has to do.
    destroy(client);
  } finally {
    await other.end().catch(() => undefined);
  }
}

function destroy(client: pg.Client): void {
  const { connection } = client as pg.Client & { readonly connection: { readonly stream: { destroy(): void } } };
  connection.stream.destroy();
}
