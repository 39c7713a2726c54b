import pg from "pg";

/** The URL of another database on the same server. */
export const urlOf = (url: string, database: string): string => url.replace(/@\/[^?]*/, `@/${database}`);

/** Runs one statement on a connection of its own. */
export async function runSql(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
