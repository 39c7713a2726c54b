import { randomUUID } from "node:crypto";
import { runSql, urlOf } from "./run-sql.ts";
import { templateName } from "./test-server.ts";

/** A migrated, empty database of one's own. */
export interface DatabaseClone {
  readonly url: string;
  /** Ends all its connections and deletes it. */
  drop(): Promise<void>;
}

const syntaxError = "42601";

/**
 * Clones the migrated template of this test run (about 50 ms): once per test file is the usual way.
 * @param serverUrl a server from `startTestServer`; left out in vitest, where the run's global setup started one.
 * @example const database = await cloneDatabase(); afterAll(() => database.drop());
 */
export async function cloneDatabase(serverUrl?: string): Promise<DatabaseClone> {
  const server = serverUrl ?? (await injectedServer());
  const name = `test_${randomUUID().replaceAll("-", "")}`;
  const copy = `create database ${name} template ${templateName}`;
  // Copying files beats writing the copy through the WAL: nothing is synced here. PostgreSQL 14 has no other way, and no word for it.
  await runSql(server, `${copy} strategy file_copy`).catch((error: { code?: string }) => {
    if (error.code !== syntaxError) throw error;
    return runSql(server, copy);
  });
  return { url: urlOf(server, name), drop: () => runSql(server, `drop database if exists ${name} with (force)`) };
}

/** Loaded late: benchmarks clone databases outside vitest. */
async function injectedServer(): Promise<string> {
  const { inject } = await import("vitest");
  return inject("testServerUrl");
}

declare module "vitest" {
  interface ProvidedContext {
    /** The maintenance database of the server that the run's global setup started. */
    testServerUrl: string;
  }
}
