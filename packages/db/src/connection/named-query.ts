import type { EventEmitter } from "node:events";
import type { Writable } from "node:stream";
import pg from "pg";
import type { Statement } from "./sql.ts";
import { valueTypes } from "./value-types.ts";

/** What a statement gave: its rows, and how many it wrote or read. */
export interface Answer {
  readonly rows: readonly unknown[];
  readonly rowCount: number;
}

/** Columns of a statement's rows: the same each time, on every connection. */
interface Shape {
  readonly names: readonly string[];
  readonly parsers: readonly ((text: string) => unknown)[];
  /** Copied for each row: objects of one layout, made in one go. */
  readonly empty: Readonly<Record<string, null>>;
}

const shapes = new Map<string, Shape>();

/** The part of pg's connection that a query talks to. */
interface Wire {
  readonly stream: Writable;
  readonly parsedStatements: Readonly<Record<string, string | undefined>>;
  readonly submittedNamedStatements: Record<string, string | undefined>;
  parse(message: { readonly name: string; readonly text: string }): void;
  bind(message: {
    readonly statement: string;
    readonly values: readonly unknown[];
    readonly valueMapper: Mapper;
  }): void;
  describe(message: { readonly type: "P"; readonly name: string }): void;
  execute(message: object): void;
  sync(): void;
}

type Mapper = (value: unknown) => unknown;

const Base = pg.Query as unknown as new (config: pg.QueryConfig) => EventEmitter & Prepares;
interface Prepares {
  callback: (error: Error | null) => void;
}

/** Lists go as text that `arrayOf` made, so that no array comes here. */
const wireValue: Mapper = (value) => {
  if (value === null || value === undefined) return null;
  if (typeof value !== "object") return String(value);
  if (value instanceof Date) return instantText(value);
  if (ArrayBuffer.isView(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (Array.isArray(value)) throw new TypeError("a list must be given as text: see arrayOf");
  return JSON.stringify(value);
};

/** ISO 8601 as PostgreSQL reads it: no sign before years of more than four digits, "BC" after those before the first. */
export function instantText(instant: Date): string {
  const text = instant.toISOString();
  if (text.startsWith("+")) return text.replace(/^\+0*/, "");
  if (!text.startsWith("-") && !text.startsWith("0000")) return text;
  const year = 1 - Number.parseInt(text, 10);
  return `${String(year).padStart(4, "0")}${text.slice(text.indexOf("-", 1))} BC`;
}

/**
 * A named statement, sent with as few messages as will do. pg's own query asks for a description of the columns at every call and
 * builds its tables anew from it, which took a tenth of the control plane's processor time: here that happens once per statement.
 */
export class NamedQuery extends Base {
  readonly answer: Promise<Answer>;
  readonly #statement: Statement;
  readonly #values: readonly unknown[];
  readonly #rows: unknown[] = [];
  #shape: Shape | undefined;
  #count = 0;
  #failure: Error | undefined;

  constructor(statement: Statement, values: readonly unknown[]) {
    super({ name: statement.name, text: statement.text });
    this.#statement = statement;
    this.#values = values;
    this.#shape = shapes.get(statement.name);
    this.answer = new Promise((resolve, reject) => {
      this.callback = (error) => (error ? reject(error) : resolve({ rows: this.#rows, rowCount: this.#count }));
    });
  }

  submit(connection: Wire): Error | null {
    const { name, text } = this.#statement;
    const { stream } = connection;
    // One write per statement. Not one for several: PostgreSQL works on the first while the next is still made here.
    stream.cork();
    if (!connection.parsedStatements[name] && !connection.submittedNamedStatements[name]) {
      connection.parse({ name, text });
      connection.submittedNamedStatements[name] = text;
    }
    connection.bind({ statement: name, values: this.#values, valueMapper: wireValue });
    if (!this.#shape) connection.describe({ type: "P", name: "" });
    connection.execute({});
    connection.sync();
    stream.uncork();
    return null;
  }

  handleRowDescription({ fields }: { readonly fields: readonly pg.FieldDef[] }): void {
    this.#shape = shapeOf(fields);
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    const { names, parsers, empty } = this.#shape ?? noColumns;
    const row: Record<string, unknown> = { ...empty };
    try {
      for (let index = 0; index < names.length; index += 1) {
        const text = fields[index] ?? null;
        if (text !== null) row[names[index] as string] = (parsers[index] as Shape["parsers"][number])(text);
      }
    } catch (error) {
      this.#failure ??= error as Error;
    }
    this.#rows.push(row);
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    // "INSERT 0 3", "UPDATE 3", "SELECT 3".
    this.#count = Number(text.slice(text.lastIndexOf(" ") + 1)) || 0;
    shapes.set(this.#statement.name, this.#shape ?? noColumns);
  }

  handleError(error: Error): void {
    this.callback(error);
  }

  handleReadyForQuery(): void {
    this.callback(this.#failure ?? null);
  }
}

const noColumns: Shape = { names: [], parsers: [], empty: {} };

function shapeOf(fields: readonly pg.FieldDef[]): Shape {
  const names = fields.map(({ name }) => name);
  return {
    names,
    parsers: fields.map(({ dataTypeID }) => valueTypes.getTypeParser(dataTypeID, "text") as (text: string) => unknown),
    empty: Object.fromEntries(names.map((name) => [name, null])),
  };
}
