import pg from "pg";

/** Settings of a server that counts its statements. */
export const countingServer = { shared_preload_libraries: "pg_stat_statements", "pg_stat_statements.track": "top" };

export interface StatementCost {
  readonly calls: number;
  readonly ms: number;
  readonly "µs each": number;
  readonly statement: string;
}

async function withClient<T>(url: string, act: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await act(client);
  } finally {
    await client.end();
  }
}

/** Starts to count, from nothing. */
export const countStatements = (url: string): Promise<unknown> =>
  withClient(url, (client) =>
    client.query("create extension if not exists pg_stat_statements; select pg_stat_statements_reset()"),
  );

/** Where the database's time went since: by statement, the dearest first. */
export const statementCosts = (url: string): Promise<readonly StatementCost[]> =>
  withClient(url, async (client) => {
    const { rows } = await client.query<StatementCost>(
      `select calls::int, round(total_exec_time)::int as "ms", round((mean_exec_time * 1000)::numeric)::int as "µs each",
        left(regexp_replace(query, '\\s+', ' ', 'g'), 110) as statement
      from pg_stat_statements order by total_exec_time desc limit 25`,
    );
    return rows;
  });
