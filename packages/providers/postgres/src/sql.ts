import { readFile } from "node:fs/promises";
import {
  context,
  type OperatorOptions,
  operator,
  type Ref,
  type Schema,
  type SchemaOutput,
  type Value,
} from "@airloom/sdk";
import type pg from "pg";
import { clientConfig, withClient } from "./client.ts";

/** Parameters of `sql`. */
export interface SqlFields {
  /** Id of a connection of type postgres. */
  readonly connection?: string;
  /** URL instead of a connection; it is kept with the Dag, so without a password. */
  readonly url?: string;
  readonly sql: string;
  /** Values of `$1`, `$2` …: they are bound, never put into the text. Lists become arrays, objects JSON. */
  readonly params?: readonly unknown[];
}

/** A row as `sql` returns it; see the page of the operator for the types of columns. */
export type SqlRow = Readonly<Record<string, unknown>>;

export type SqlOptions<S extends Schema> = Omit<OperatorOptions<SqlFields>, "output" | "sql"> & {
  /** Statements, or a file of them: `new URL("./report.sql", import.meta.url)`. Several statements are allowed without `params`; they run in one transaction. */
  readonly sql: Value<string> | URL;
  /** Checks the rows, and gives them their type: `z.array(z.object({ … }))`. */
  readonly output?: S;
};

/**
 * Runs SQL on PostgreSQL. The value is the list of rows of the last statement that gives any.
 *
 * Columns: integers up to 32 bits and floats → number, `bigint` → BigInt, `numeric`, `date`, `timestamp`, `time`, `interval`, `uuid` → text,
 * `timestamptz` → Date, `json(b)` → its value, `bytea` → Uint8Array, arrays → lists, anything else → text.
 * @example
 * const totals = sql("totals", {
 *   connection: "warehouse", sql: "select region, sum(total)::float8 as total from orders where day = $1 group by 1",
 *   params: [run.logicalDate], output: z.array(z.object({ region: z.string(), total: z.number() })),
 * });
 */
export function sql<S extends Schema = Schema<SqlRow[]>>(id: string, options: SqlOptions<S>): Ref<SchemaOutput<S>> {
  const { sql: given, ...rest } = options;
  // A file is read when the task runs: where it lies differs between the machine that parses and the one that runs.
  const text = given instanceof URL ? () => readFile(given, "utf8") : given;
  return make(id, { ...rest, sql: text } as OperatorOptions<SqlFields>) as Ref<SchemaOutput<S>>;
}

const make = operator("sql", async (fields: SqlFields): Promise<unknown> => {
  const { signal, log } = context();
  return withClient(await clientConfig(fields), signal, async (client) => {
    client.on("notice", ({ severity, message }) => log.info(`${severity}: ${message}`));
    const results = await runStatements(client, fields);
    for (const { command, rowCount } of results) log.info(`${command ?? "statement"}: ${rowCount ?? 0} rows`);
    return results.findLast(({ fields: columns }) => columns.length > 0)?.rows ?? [];
  });
});

type Result = pg.QueryResult<pg.QueryResultRow>;

async function runStatements(client: pg.Client, { sql: text, params }: SqlFields): Promise<readonly Result[]> {
  const values = params && params.length > 0 ? params.map(toParameter) : undefined;
  // With several statements pg gives a list of results; its types know one only.
  const result: Result | readonly Result[] = values ? await client.query(text, values) : await client.query(text);
  return Array.isArray(result) ? (result as readonly Result[]) : [result as Result];
}

/** pg sends Dates in the process's local time zone, and knows no BigInt, Map or Set. */
function toParameter(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  if (typeof value === "bigint") return value.toString();
  if (Array.isArray(value)) return value.map(toParameter);
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return value;
}
