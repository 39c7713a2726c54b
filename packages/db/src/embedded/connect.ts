import pg from "pg";
import { databaseName, socketUrl } from "./server.ts";

/** How long one try may take. Milliseconds. */
const connectTimeout = 5_000;

/**
 * Whether a real connection to the server behind a socket folder works and reaches the cluster meant. Makes the
 * `airloom` database when it is missing (first start, or a crash between the two).
 */
export async function reachDatabase(socketDir: string, pid: number): Promise<boolean> {
  try {
    return await isServer(socketUrl(socketDir), pid);
  } catch (error) {
    if ((error as { code?: string }).code !== noSuchDatabase) return false;
  }
  await createDatabase(socketDir);
  return isServer(socketUrl(socketDir), pid);
}

const noSuchDatabase = "3D000";
const duplicateDatabase = "42P04";
const nameTaken = "23505";

/** Asks the server for its own `postmaster.pid`: a socket may outlive its server and be taken over by another. */
async function isServer(url: string, pid: number): Promise<boolean> {
  const client = await connected(url);
  try {
    const { rows } = await client.query<{ first: string }>(
      "select split_part(pg_read_file('postmaster.pid'), E'\\n', 1) as first",
    );
    return Number(rows[0]?.first) === pid;
  } finally {
    await client.end();
  }
}

async function createDatabase(socketDir: string): Promise<void> {
  const client = await connected(socketUrl(socketDir, "postgres"));
  try {
    await client.query(`create database ${databaseName}`);
  } catch (error) {
    const code = (error as { code?: string }).code;
    if (code !== duplicateDatabase && code !== nameTaken) throw error;
  } finally {
    await client.end();
  }
}

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: connectTimeout });
  // A server that dies while we talk to it also shows as an error of the query.
  client.on("error", () => {});
  await client.connect();
  return client;
}
