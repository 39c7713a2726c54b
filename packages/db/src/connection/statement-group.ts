import type { EventEmitter } from "node:events";
import type { Writable } from "node:stream";
import pg from "pg";
import type { Statement } from "./sql.ts";
import { valueTypes } from "./value-types.ts";

/** What a statement gave: its rows, and how many it wrote or read. */
export interface Answer {
  readonly rows: readonly unknown[];
  readonly rowCount: number;
  /** What PostgreSQL says that it did: "INSERT 0 3", "COMMIT". */
  readonly tag: string;
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
  bind(message: { readonly statement: string; readonly values: readonly unknown[] }): void;
  describe(message: { readonly type: "P"; readonly name: string }): void;
  execute(message: object): void;
  sync(): void;
}

const Base = pg.Query as unknown as new (config: pg.QueryConfig) => EventEmitter & Named;
/** What pg's client looks at, to note which statements a connection has parsed: those of the statement that is answered now. */
interface Named {
  name: string | undefined;
  text: string | undefined;
}

/** Lists go as text that `arrayOf` made, so that no array comes here. */
const wireValue = (value: unknown): unknown => {
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

/** A statement on its way, and what came back so far. */
class Sent {
  readonly statement: Statement;
  readonly answer: Promise<Answer>;
  readonly #rows: unknown[] = [];
  #shape: Shape | undefined;
  #failure: unknown;
  #resolve: (answer: Answer) => void = () => {};
  reject: (error: unknown) => void = () => {};

  constructor(statement: Statement) {
    this.statement = statement;
    this.#shape = shapes.get(statement.name);
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.reject = reject;
    });
  }

  /** Its columns are not known yet. */
  get isNew(): boolean {
    return this.#shape === undefined;
  }

  describe(fields: readonly pg.FieldDef[]): void {
    this.#shape = shapeOf(fields);
  }

  addRow(fields: readonly (string | null)[]): void {
    const { names, parsers, empty } = this.#shape ?? noColumns;
    const row: Record<string, unknown> = { ...empty };
    try {
      for (let index = 0; index < names.length; index += 1) {
        const text = fields[index] ?? null;
        if (text !== null) row[names[index] as string] = (parsers[index] as Shape["parsers"][number])(text);
      }
    } catch (error) {
      this.#failure ??= error;
    }
    this.#rows.push(row);
  }

  /** @param tag "INSERT 0 3", "UPDATE 3", "SELECT 3", "COMMIT". */
  complete(tag: string): void {
    shapes.set(this.statement.name, this.#shape ?? noColumns);
    if (this.#failure !== undefined) this.reject(this.#failure);
    else this.#resolve({ rows: this.#rows, rowCount: Number(tag.slice(tag.lastIndexOf(" ") + 1)) || 0, tag });
  }
}

/**
 * Statements that are sent in one turn of the event loop, as one query to pg's client: one message, one answer, one waking of each side.
 * pg's own queries are answered one by one, each waking this process, and each asks for a description of its columns and builds tables
 * from it: together half of the control plane's processor time.
 */
export class StatementGroup extends Base {
  readonly #sent: Sent[] = [];
  #answered = 0;
  #wire: Wire | undefined;
  /** What was added before there was a connection: a broken client never gives one, and fails the group instead. */
  #unwritten: (() => void)[] = [];
  #isCorked = false;
  #isClosed = false;
  #failure: unknown;

  constructor() {
    super({ text: "" });
  }

  /** False once nothing more may be added. */
  get isOpen(): boolean {
    return !this.#isClosed;
  }

  /** @throws TypeError of a value that cannot be sent, before anything of the statement is. */
  add(statement: Statement, values: readonly unknown[]): Promise<Answer> {
    const wireValues = values.map(wireValue);
    const sent = new Sent(statement);
    if (this.#failure !== undefined) {
      sent.reject(aftermathOf(this.#failure));
      return sent.answer;
    }
    this.#sent.push(sent);
    if (this.#sent.length === this.#answered + 1) this.#expect(sent);
    this.#whenWired((wire) => this.#write(wire, sent, wireValues));
    return sent.answer;
  }

  /** Called by pg's client: at once, unless the connection broke. */
  submit(connection: Wire): Error | null {
    this.#wire = connection;
    for (const write of this.#unwritten.splice(0)) write();
    return null;
  }

  /** Asks for the answers. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#whenWired((wire) => {
      wire.sync();
      if (this.#isCorked) wire.stream.uncork();
    });
  }

  #whenWired(act: (wire: Wire) => void): void {
    const wire = this.#wire;
    if (wire) act(wire);
    else this.#unwritten.push(() => this.#whenWired(act));
  }

  #write(wire: Wire, { statement: { name, text }, isNew }: Sent, values: readonly unknown[]): void {
    if (!this.#isCorked) wire.stream.cork();
    this.#isCorked = true;
    if (!wire.parsedStatements[name] && !wire.submittedNamedStatements[name]) {
      wire.parse({ name, text });
      wire.submittedNamedStatements[name] = text;
    }
    wire.bind({ statement: name, values });
    if (isNew) wire.describe({ type: "P", name: "" });
    wire.execute({});
  }

  #expect(sent: Sent | undefined): void {
    this.name = sent?.statement.name;
    this.text = sent?.statement.text;
  }

  get #current(): Sent | undefined {
    return this.#sent[this.#answered];
  }

  handleRowDescription({ fields }: { readonly fields: readonly pg.FieldDef[] }): void {
    this.#current?.describe(fields);
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    this.#current?.addRow(fields);
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    this.#current?.complete(text);
    this.#answered += 1;
    this.#expect(this.#current);
  }

  /** PostgreSQL passes over what was sent behind the statement that failed, what should be parsed as well. */
  handleError(error: unknown): void {
    this.#failure = error;
    const [failed, ...skipped] = this.#sent.slice(this.#answered);
    this.#answered = this.#sent.length;
    failed?.reject(error);
    for (const { statement, reject } of skipped) {
      if (this.#wire) delete this.#wire.submittedNamedStatements[statement.name];
      reject(aftermathOf(error));
    }
  }

  handleReadyForQuery(): void {
    // Each statement was answered when it was complete.
  }
}

/** What PostgreSQL says of statements behind one that failed; a lost connection is everybody's own error. */
function aftermathOf(error: unknown): unknown {
  if (!(error instanceof pg.DatabaseError)) return error;
  const aftermath = new pg.DatabaseError("current transaction is aborted", 0, "error");
  aftermath.code = "25P02";
  return aftermath;
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
