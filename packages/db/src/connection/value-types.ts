import pg from "pg";

const oid = { bytea: 17, bigint: 20 };

function parseBytes(text: string): Uint8Array {
  const buffer = Buffer.from(text.slice(2), "hex");
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

/** Run keys, counts and sequence numbers stay far below 2^53. */
const parsers = new Map<number, (text: string) => unknown>([
  [oid.bytea, parseBytes],
  [oid.bigint, Number],
]);

/** How values come back: bigint as number, bytea as `Uint8Array`, the rest as the driver does it (timestamptz as `Date`, json parsed). */
export const valueTypes: pg.CustomTypesConfig = {
  getTypeParser: (id, format) =>
    (format === "binary" ? undefined : parsers.get(id)) ?? pg.types.getTypeParser(id, format as "text"),
};
