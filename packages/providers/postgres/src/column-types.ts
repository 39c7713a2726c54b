import type pg from "pg";

type Parse = (text: string) => unknown;

/** pg's own reader of array text; its types call it a function, which it is not. */
interface ArrayReader {
  readonly arrayParser: { create(text: string, parse: Parse): { parse(): unknown[] } };
}

const asText: Parse = (text) => text;

/** Type codes of PostgreSQL's catalogue that come as something else than text, and their array types. */
const elements: readonly (readonly [oid: number, array: number, parse: Parse])[] = [
  [16, 1000, (text) => text === "t"], // boolean
  [21, 1005, Number], // smallint
  [23, 1007, Number], // integer
  [26, 1028, Number], // oid
  [700, 1021, Number], // real
  [701, 1022, Number], // double precision
  [20, 1016, BigInt], // bigint
  [114, 199, (text) => JSON.parse(text)], // json
  [3802, 3807, (text) => JSON.parse(text)], // jsonb
  [1184, 1185, instant], // timestamp with time zone
  [17, 1001, bytea],
];

/** Arrays of types that stay text: text, varchar, bpchar, name, uuid, numeric, date, timestamp, time, interval. */
const textArrays = [1009, 1015, 1014, 1003, 2951, 1231, 1182, 1115, 1183, 1187];

function parsersWith({ arrayParser }: ArrayReader): ReadonlyMap<number, Parse> {
  const arrayOf =
    (parse: Parse): Parse =>
    (text) =>
      arrayParser.create(text, parse).parse();
  return new Map([
    ...elements.flatMap(([oid, array, parse]): [number, Parse][] => [
      [oid, parse],
      [array, arrayOf(parse)],
    ]),
    ...textArrays.map((oid): [number, Parse] => [oid, arrayOf(asText)]),
  ]);
}

/**
 * How columns become values: exact, and of one type per column. `bigint` is a BigInt; `numeric` keeps its digits as text; `date`
 * and `timestamp` have no time zone, so they stay text; `timestamptz` is a Date.
 */
export function columnTypes({ types }: Pick<typeof pg, "types">): pg.CustomTypesConfig {
  const parsers = parsersWith(types as unknown as ArrayReader);
  return { getTypeParser: (oid: number) => parsers.get(oid) ?? asText };
}

/** Beyond what a Date can hold (infinity, BC, years after 9999) the text stays. */
function instant(text: string): Date | string {
  const date = new Date(text.replace(" ", "T").replace(/([+-]\d\d)$/, "$1:00"));
  return Number.isNaN(date.getTime()) ? text : date;
}

function bytea(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.slice(2), "hex"));
}
