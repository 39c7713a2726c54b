import { AirloomError } from "@airloom/core";
import { type Binary, makeBinary } from "./binary-kind.ts";
import { tagKey } from "./tag.ts";

/** Gives the binary data that stands after the kind, or null when it is not what it should be. */
export type ReadBytes = (written: unknown) => Uint8Array | null;

const corrupt = (reason: string): AirloomError => new AirloomError("VALUE_CORRUPT", { reason });

/**
 * Turns freshly parsed tagged JSON into the value, in place.
 * @throws AirloomError VALUE_CORRUPT
 */
export function reviveTagged(node: unknown, readBytes: ReadBytes): unknown {
  if (typeof node !== "object" || node === null) return node;
  if (Array.isArray(node)) {
    for (let index = 0; index < node.length; index += 1) node[index] = reviveTagged(node[index], readBytes);
    return node;
  }
  if (Object.hasOwn(node, tagKey)) return reviveTag((node as Record<string, unknown>)[tagKey], readBytes);
  const properties = node as Record<string, unknown>;
  // The key is there as an own property already, so that assigning `__proto__` sets that property and no prototype.
  for (const key of Object.keys(properties)) properties[key] = reviveTagged(properties[key], readBytes);
  return properties;
}

function reviveTag(written: unknown, readBytes: ReadBytes): unknown {
  if (!Array.isArray(written)) throw corrupt("a tag is not a list");
  const [name, ...rest] = written as unknown[];
  const revive = typeof name === "string" && Object.hasOwn(tags, name) ? tags[name as keyof typeof tags] : null;
  if (!revive) throw corrupt(`the tag ${JSON.stringify(name)} is not known`);
  return revive(rest, readBytes);
}

const tags = {
  undefined: () => undefined,
  number: ([text]: unknown[]) => reviveNumber(text),
  string: ([text]: unknown[]) => reviveString(text),
  bigint: ([text]: unknown[]) => reviveBigInt(text),
  date: ([text]: unknown[]) => reviveDate(text),
  map: (rest: unknown[], readBytes: ReadBytes) => new Map(pairs(rest, readBytes)),
  set: (rest: unknown[], readBytes: ReadBytes) => new Set(rest.map((item) => reviveTagged(item, readBytes))),
  bytes: ([kind, written]: unknown[], readBytes: ReadBytes) => reviveBinary(kind, written, readBytes),
  object: (rest: unknown[], readBytes: ReadBytes) => reviveObject({}, rest, readBytes),
  bare: (rest: unknown[], readBytes: ReadBytes) => reviveObject(Object.create(null) as object, rest, readBytes),
} as const;

const specialNumbers: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  "-Infinity": Number.NEGATIVE_INFINITY,
  "-0": -0,
};

function reviveNumber(text: unknown): number {
  const value = typeof text === "string" && Object.hasOwn(specialNumbers, text) ? specialNumbers[text] : undefined;
  if (value === undefined) throw corrupt(`${JSON.stringify(text)} is no special number`);
  return value;
}

function reviveString(text: unknown): string {
  const value: unknown = typeof text === "string" ? JSON.parse(text) : null;
  if (typeof value !== "string") throw corrupt("a string is not written as JSON text");
  return value;
}

function reviveBigInt(text: unknown): bigint {
  if (typeof text !== "string" || !/^-?\d+$/.test(text)) throw corrupt("a bigint is not written in decimal digits");
  return BigInt(text);
}

function reviveDate(text: unknown): Date {
  const value = typeof text === "string" ? new Date(text) : null;
  if (!value || Number.isNaN(value.getTime())) throw corrupt("a date is not written in ISO-8601");
  return value;
}

function reviveBinary(kind: unknown, written: unknown, readBytes: ReadBytes): Binary {
  const bytes = readBytes(written);
  const value = bytes && makeBinary(kind, bytes);
  if (!value) throw corrupt("binary data is missing or does not fit its kind");
  return value;
}

function pairs(rest: unknown[], readBytes: ReadBytes): [unknown, unknown][] {
  if (rest.length % 2 !== 0) throw corrupt("a key has no value");
  const found: [unknown, unknown][] = [];
  for (let index = 0; index < rest.length; index += 2) {
    found.push([reviveTagged(rest[index], readBytes), reviveTagged(rest[index + 1], readBytes)]);
  }
  return found;
}

function reviveObject(target: object, rest: unknown[], readBytes: ReadBytes): object {
  for (const [key, value] of pairs(rest, readBytes)) {
    if (typeof key !== "string") throw corrupt("a key is not a string");
    // Not assigned: `__proto__` would set the prototype.
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  }
  return target;
}
