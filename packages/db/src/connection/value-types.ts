import pg from "pg";

const oid = { bytea: 17, bigint: 20, timestamptz: 1184 };

function parseBytes(text: string): Uint8Array {
  const buffer = Buffer.from(text.slice(2), "hex");
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

const parseAnyTime = pg.types.getTypeParser(oid.timestamptz, "text") as (text: string) => unknown;

/** Times stand in milliseconds and UTC ("2026-01-02 03:04:05.678+00"): only years before the first or of five digits need the driver's way, which takes five times as long. */
function parseTime(text: string): unknown {
  if (!/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,3})?\+00$/.test(text) || text.startsWith("00"))
    return parseAnyTime(text);
  const digit = (at: number): number => text.charCodeAt(at) - 48;
  const pair = (at: number): number => digit(at) * 10 + digit(at + 1);
  const ms = text.length > 22 ? Math.round(Number(text.slice(19, -3)) * 1_000) : 0;
  return new Date(Date.UTC(pair(0) * 100 + pair(2), pair(5) - 1, pair(8), pair(11), pair(14), pair(17), ms));
}

/** Run keys, counts and sequence numbers stay far below 2^53. */
const parsers = new Map<number, (text: string) => unknown>([
  [oid.bytea, parseBytes],
  [oid.bigint, Number],
  [oid.timestamptz, parseTime],
]);

/** How values come back: bigint as number, bytea as `Uint8Array`, timestamptz as `Date`, the rest as the driver does it (json parsed). */
export const valueTypes: pg.CustomTypesConfig = {
  getTypeParser: (id, format) =>
    (format === "binary" ? undefined : parsers.get(id)) ?? pg.types.getTypeParser(id, format as "text"),
};
