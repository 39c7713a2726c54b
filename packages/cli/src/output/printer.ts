import type { OutputFormat } from "./output-format.ts";
import { createPaint, type Paint } from "./paint.ts";
import { type Column, renderPlain, renderTable } from "./table.ts";
import { toYaml } from "./yaml.ts";

/** Where a command puts what it found: words for people, data for programs, by the format that was asked for. */
export interface Printer {
  readonly format: OutputFormat;
  /** False when a program reads: no words around the data, no questions. */
  readonly forPeople: boolean;
  readonly paint: Paint;
  /** A list: columns for people, whole objects for programs. `empty` is what people read when there is none. */
  rows<Row>(columns: readonly Column<Row>[], rows: readonly Row[], empty: string): void;
  /** One thing, field by field. */
  fields(fields: Readonly<Record<string, unknown>>): void;
  /** What an action did: words for people, data for programs. */
  done(words: string, data: unknown): void;
  /** Words that programs do not need. */
  say(words: string): void;
  /** Text as it is, in every format. */
  raw(text: string): void;
}

export interface PrinterOptions {
  readonly format: OutputFormat;
  readonly write: (text: string) => void;
  readonly colour: boolean;
}

export function createPrinter({ format, write, colour }: PrinterOptions): Printer {
  const forPeople = format === "table" || format === "plain";
  const data = (value: unknown): void =>
    write(format === "yaml" ? toYaml(value ?? null) : `${JSON.stringify(value ?? null, null, 2)}\n`);
  const printer: Printer = {
    format,
    forPeople,
    paint: createPaint(colour),
    rows(columns, rows, empty) {
      if (format === "plain") write(renderPlain(columns, rows));
      else if (format === "table") write(rows.length === 0 ? `${empty}\n` : renderTable(columns, rows));
      else data(rows);
    },
    fields(fields) {
      const columns: Column<[string, unknown]>[] = [
        { title: "FIELD", text: ([name]) => name },
        { title: "VALUE", text: ([, value]) => fieldText(value) },
      ];
      if (forPeople) printer.rows(columns, Object.entries(fields), "");
      else data(fields);
    },
    done: (words, value) => (forPeople ? write(`${words}\n`) : data(value)),
    say: (words) => {
      if (forPeople) write(`${words}\n`);
    },
    raw: write,
  };
  return printer;
}

/** A value in a cell: texts as they are, nothing as `-`, all else as JSON. */
export function fieldText(value: unknown): string {
  if (value === null || value === undefined || value === "") return "-";
  return typeof value === "string" ? value : JSON.stringify(value);
}
