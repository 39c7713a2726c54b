import { checkSchema, migrate, type SchemaState, superviseEmbedded } from "@airloom/db";
import type { Config } from "../config/options.ts";
import type { Home } from "../home/home.ts";
import type { ProcessContext } from "./process-context.ts";
import { closing, runUntilStopped } from "./until-stopped.ts";

/** The database a process uses: the one it was given, or the home's own server, which it then helps to keep alive. */
export interface Database {
  readonly url: string;
  close(reason: string): Promise<void>;
}

/** The database as it is: the given one, or the embedded server, which is started when nobody runs it. */
async function reachDatabase(config: Config, home: Home, log: (line: string) => void): Promise<Database> {
  return config.database.url ? { url: config.database.url, close: async () => {} } : openEmbedded(home, log);
}

/** Opens it and brings its schema up to date: safe when several processes do so at once. */
export async function openDatabase(config: Config, home: Home, log: (line: string) => void): Promise<Database> {
  const database = await reachDatabase(config, home, log);
  try {
    await migrate(database.url);
  } catch (error) {
    await database.close("failed");
    throw error;
  }
  return database;
}

/** Runs `act` with the database as it is, and lets go of it. */
export async function withDatabase<T>(
  { config, home, log }: ProcessContext,
  act: (url: string) => Promise<T>,
): Promise<T> {
  const database = await reachDatabase(config, home, (line) => log.write("debug", line));
  try {
    return await act(database.url);
  } finally {
    await database.close("command ended");
  }
}

/** Names of the migrations applied now. */
export const migrateDatabase = (context: ProcessContext): Promise<readonly string[]> => withDatabase(context, migrate);

/** What a migration would find. */
export const schemaOf = (context: ProcessContext): Promise<SchemaState> => withDatabase(context, checkSchema);

async function openEmbedded(home: Home, log: (line: string) => void): Promise<Database> {
  const supervisor = superviseEmbedded({ home: home.dir, log });
  await supervisor.start();
  return { url: supervisor.url, close: (reason) => supervisor.stop(reason) };
}

/** `airloom db serve`: keeps the home's server alive for whoever uses it. */
export async function runDatabase(context: ProcessContext): Promise<void> {
  const { config, home, log } = context;
  const database = await openDatabase(config, home, (line) => log.write("info", line));
  await runUntilStopped(context, [closing("database", () => database.close("stopped"))], () => "The database is ready");
}
