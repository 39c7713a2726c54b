import { startEmbedded } from "@airloom/db";
import pg from "pg";
import type { TemporaryProject } from "./temporary-project.ts";

/** The URL of the database of a project's home, which a running Airloom keeps. */
export async function databaseOf(project: TemporaryProject): Promise<string> {
  return (await startEmbedded({ home: project.home })).url;
}

/** Rows of one statement on a connection of its own. */
export async function rowsOf<Row extends object>(
  url: string,
  sql: string,
  values: readonly unknown[] = [],
): Promise<readonly Row[]> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  try {
    return (await client.query<Row>(sql, [...values])).rows;
  } finally {
    await client.end();
  }
}
