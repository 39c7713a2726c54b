/** One column of a list: its header, and the text of a row in it. */
export interface Column<Row> {
  readonly title: string;
  readonly text: (row: Row) => string;
  /** How the padded text looks on a terminal; the width is that of the bare text. */
  readonly paint?: (padded: string, row: Row) => string;
  /** Numbers stand at the right edge. */
  readonly right?: true;
}

/**
 * Rows below a header, as wide as their content.
 * @example renderTable([{ title: "POOL", text: (pool) => pool.name }], pools)
 */
export function renderTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const cells = rows.map((row) => columns.map((column) => oneLine(column.text(row))));
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...cells.map((line) => line[index]?.length ?? 0)),
  );
  const pad = (text: string, index: number): string =>
    columns[index]?.right ? text.padStart(widths[index] ?? 0) : text.padEnd(widths[index] ?? 0);
  const header = columns.map(({ title }, index) => pad(title, index));
  const body = cells.map((line, at) =>
    line.map((text, index) => {
      const padded = pad(text, index);
      const row = rows[at];
      return row === undefined ? padded : (columns[index]?.paint?.(padded, row) ?? padded);
    }),
  );
  return [header, ...body].map((line) => `${line.join("  ").trimEnd()}\n`).join("");
}

/** Values between tabs. */
export const renderPlain = <Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string =>
  rows.map((row) => `${columns.map((column) => oneLine(column.text(row))).join("\t")}\n`).join("");

/** Line ends, tabs and other control characters would tear a table, or drive a terminal. */
const oneLine = (text: string): string => text.replace(/\p{Cc}+/gu, " ");
