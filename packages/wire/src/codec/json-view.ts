import type { Json } from "@airloom/core";
import { type Binary, binaryKind, bytesOf } from "./binary-kind.ts";

/**
 * A value as plain JSON, for people, REST and other languages. One way: Date → ISO text, BigInt → decimal text, NaN and
 * infinities → their names, Set → list, Map → object (list of pairs when a key is no string), binary data → list of numbers,
 * `undefined` → left out of objects, else null. Meant for decoded values; what no codec would keep becomes text.
 * @example toJsonView({ at: new Date(0), ids: new Set([1n]) }) // { at: "1970-01-01T00:00:00.000Z", ids: ["1"] }
 */
export function toJsonView(value: unknown): Json {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "undefined":
      return null;
    case "object":
      return value === null ? null : objectView(value);
    default:
      return String(value);
  }
}

function objectView(value: object): Json {
  if (Array.isArray(value)) return value.map(toJsonView);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof Set) return [...value].map(toJsonView);
  if (value instanceof Map) return mapView(value);
  return binaryKind(value) ? binaryView(value as Binary) : entriesView(Object.entries(value));
}

const binaryView = (value: Binary): Json =>
  value instanceof ArrayBuffer || value instanceof DataView
    ? Array.from(bytesOf(value))
    : Array.from(value as Iterable<number | bigint>, toJsonView);

function mapView(map: ReadonlyMap<unknown, unknown>): Json {
  const entries = [...map];
  const named = entries.every((entry): entry is [string, unknown] => typeof entry[0] === "string");
  return named ? entriesView(entries) : entries.map((entry) => entry.map(toJsonView));
}

const entriesView = (entries: readonly (readonly [string, unknown])[]): Json =>
  Object.fromEntries(
    entries.filter(([, item]) => item !== undefined).map(([key, item]) => [key, toJsonView(item)] as const),
  );
