/** A statement of the store: hand-written SQL under a name, so that a connection parses and plans it once. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** What `airloom_clock()` gives, written out: 5 µs where the call takes 25, several times in each transaction. */
export const clockNow = "date_trunc('milliseconds', clock_timestamp() + (select shift from clock))";

/**
 * The time of a statement, read once: `with ${clockOnce}`, then `clock.now`. A plain subquery would be read again per row
 * (5 µs each).
 */
export const clockOnce = `clock as materialized (select ${clockNow} as now)`;

const known = new Map<string, string>();

/**
 * Names a statement. The name (`noun.verb`) is that of the prepared statement on every connection, so it must be given once.
 * @example const findRun = statement("dag_run.find", "select … where dag_id = $1 and run_id = $2");
 */
export function statement(name: string, text: string): Statement {
  if (known.has(name)) throw new Error(`two statements are named ${name}`);
  known.set(name, text);
  return { name, text };
}

/** All statements of the store: what a test prepares and explains. */
export const allStatements = (): readonly Statement[] => [...known].map(([name, text]) => ({ name, text }));

/**
 * One open transaction, as the verbs see it. What is sent before an answer came back goes out together, and PostgreSQL runs it
 * in the order of the calls.
 */
export interface Sql {
  all<Row>(statement: Statement, values: readonly unknown[]): Promise<readonly Row[]>;
  first<Row>(statement: Statement, values: readonly unknown[]): Promise<Row | null>;
  /** Number of rows that were written. */
  run(statement: Statement, values: readonly unknown[]): Promise<number>;
}
