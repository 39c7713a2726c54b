import pg from "pg";
import { databaseName, socketUrl } from "./server.ts";

/** How long one try may take. Milliseconds. */
const connectTimeout = 5_000;

/**
 * Whether a real connection to the server behind a socket folder works and reaches the server with this pid. Makes the
 * database `airloom` when it is missing: on the first start, or after a crash between the two.
 */
export async function reachDatabase(socketDir: string, pid: number): Promise<boolean> {
  const client = new pg.Client({
    connectionString: socketUrl(socketDir, "postgres"),
    connectionTimeoutMillis: connectTimeout,
  });
  // A server that dies while we talk to it also shows as an error of the query.
  client.on("error", () => {});
  try {
    await client.connect();
    return await ensureDatabase(client, pid);
  } catch (error) {
    // Too busy for one more client is still a running server.
    if (stateOf(error) === tooManyConnections) return true;
    if (isPassing(error)) return false;
    throw error;
  } finally {
    await client.end().catch(() => {});
  }
}

/** A socket may outlive its server and be taken over by another, so the server is asked for its own `postmaster.pid`. */
const introduction = `
  select split_part(pg_read_file('postmaster.pid'), E'\\n', 1) as pid,
         exists (select from pg_database where datname = '${databaseName}') as made`;

async function ensureDatabase(client: pg.Client, pid: number): Promise<boolean> {
  const { rows } = await client.query<{ pid: string; made: boolean }>(introduction);
  const server = rows[0];
  if (Number(server?.pid) !== pid) return false;
  if (!server?.made) await client.query(`create database ${databaseName}`);
  return true;
}

const tooManyConnections = "53300";
/** SQLSTATEs of a server that starts or stops, and of a database somebody else made this moment. */
const passingStates = new Set(["57P01", "57P02", "57P03", "42P04", "23505"]);

/** Whether asking again may help: everything below SQL, and a few states of the server. */
const isPassing = (error: unknown): boolean => {
  const state = stateOf(error);
  return state === undefined || passingStates.has(state);
};

const stateOf = (error: unknown): string | undefined => (error instanceof pg.DatabaseError ? error.code : undefined);
