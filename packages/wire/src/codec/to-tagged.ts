import type { Json } from "@airloom/core";
import { type Binary, type BinaryKind, binaryKind } from "./binary-kind.ts";
import { hasNamedProperties, isPlainArray, plainKind } from "./plain-object.ts";
import { maxValueDepth, tagKey } from "./tag.ts";
import { refusal } from "./value-path.ts";

/** What differs between a Spec's constants and value bytes. */
export interface TaggedForm {
  /** What stands for a piece of binary data after its kind. */
  readonly binary: (value: Binary) => Json;
  /** Whether a string may stand as it is; else it is written as its own JSON text. */
  readonly allowsString: (value: string) => boolean;
}

interface Walk {
  readonly form: TaggedForm;
  readonly path: (string | number)[];
  /** The objects that the present one lies in: meeting one of them again is a cycle. */
  readonly around: Set<object>;
}

type Entry = readonly [key: string, value: unknown];

const tag = (name: string, ...rest: Json[]): Json => ({ [tagKey]: [name, ...rest] });

/**
 * A value as JSON, exactly; see `tag.ts` for the form.
 * @throws AirloomError VALUE_UNSERIALIZABLE with the path of what cannot be kept.
 */
export const walkToTagged = (value: unknown, form: TaggedForm): Json =>
  anyToTagged(value, { form, path: [], around: new Set() });

function anyToTagged(value: unknown, walk: Walk): Json {
  switch (typeof value) {
    case "string":
      return stringToTagged(value, walk);
    case "number":
      return numberToTagged(value);
    case "boolean":
      return value;
    case "undefined":
      return tag("undefined");
    case "bigint":
      return tag("bigint", value.toString());
    case "object":
      return value === null ? null : objectToTagged(value, walk);
    default:
      throw refusal(walk.path, `a ${typeof value} cannot leave a task`);
  }
}

const stringToTagged = (value: string, walk: Walk): Json =>
  walk.form.allowsString(value) ? value : tag("string", JSON.stringify(value));

function numberToTagged(value: number): Json {
  if (Object.is(value, -0)) return tag("number", "-0");
  return Number.isFinite(value) ? value : tag("number", String(value));
}

function objectToTagged(value: object, walk: Walk): Json {
  const binary = binaryKind(value);
  if (binary) return tag("bytes", binary satisfies BinaryKind, walk.form.binary(value as Binary));
  if (value instanceof Date && isExactly(value, Date)) return dateToTagged(value, walk);
  if (walk.around.has(value)) throw refusal(walk.path, "a value that contains itself cannot leave a task");
  if (walk.path.length >= maxValueDepth) throw refusal(walk.path, `nested deeper than ${maxValueDepth} levels`);
  walk.around.add(value);
  const json = containerToTagged(value, walk);
  walk.around.delete(value);
  return json;
}

function dateToTagged(value: Date, walk: Walk): Json {
  if (Number.isNaN(value.getTime())) throw refusal(walk.path, "an invalid Date cannot leave a task");
  return tag("date", value.toISOString());
}

function containerToTagged(value: object, walk: Walk): Json {
  if (isPlainArray(value)) return listToTagged(value, walk);
  if (value instanceof Map && isExactly(value, Map)) {
    return tag("map", ...[...value].flatMap((entry, index) => mapEntryToTagged(entry, index, walk)));
  }
  if (value instanceof Set && isExactly(value, Set)) {
    return tag("set", ...[...value].map((item, index) => childToTagged(item, index, walk)));
  }
  const kind = plainKind(value);
  if (!kind) throw refusal(walk.path, instanceProblem(value));
  return entriesToTagged(readEntries(value, walk), kind, walk);
}

/** A subclass, or an instance with properties of its own, would come back as less than it was. */
const isExactly = (value: object, maker: { readonly prototype: object }): boolean =>
  Object.getPrototypeOf(value) === maker.prototype && Object.keys(value).length === 0;

function instanceProblem(value: object): string {
  if ("then" in value && typeof value.then === "function") return "a promise cannot leave a task; await it";
  const maker: unknown = Reflect.get(value, "constructor");
  const name = typeof maker === "function" && maker.name ? maker.name : "a class";
  return `an instance of ${name} cannot leave a task; return its data as a plain object`;
}

function listToTagged(list: readonly unknown[], walk: Walk): Json {
  if (hasNamedProperties(list)) {
    throw refusal(walk.path, "a list with named properties cannot leave a task; return a plain copy: [...list]");
  }
  const items: Json[] = [];
  for (let index = 0; index < list.length; index += 1) {
    if (!(index in list)) throw refusal([...walk.path, index], "a list with holes cannot leave a task");
    items.push(childToTagged(list[index], index, walk));
  }
  return items;
}

function mapEntryToTagged([key, item]: readonly [unknown, unknown], index: number, walk: Walk): Json[] {
  const step = typeof key === "string" ? key : index;
  return [childToTagged(key, step, walk), childToTagged(item, step, walk)];
}

function childToTagged(value: unknown, step: string | number, walk: Walk): Json {
  walk.path.push(step);
  const json = anyToTagged(value, walk);
  walk.path.pop();
  return json;
}

function readEntries(value: object, walk: Walk): Entry[] {
  const symbol = Object.getOwnPropertySymbols(value)[0];
  if (symbol) throw refusal([...walk.path, String(symbol)], "a property named by a symbol cannot leave a task");
  return Object.keys(value).map((key) => [key, readProperty(value, key, walk)]);
}

function readProperty(value: object, key: string, walk: Walk): unknown {
  try {
    return (value as Record<string, unknown>)[key];
  } catch (cause) {
    throw refusal([...walk.path, key], `reading this property threw: ${String(cause)}`, cause);
  }
}

function entriesToTagged(entries: readonly Entry[], kind: "plain" | "bare", walk: Walk): Json {
  const asEntries = kind === "bare" || entries.some(([key]) => key === tagKey || !walk.form.allowsString(key));
  if (asEntries) {
    const flat = entries.flatMap(([key, item]) => [stringToTagged(key, walk), childToTagged(item, key, walk)]);
    return tag(kind === "bare" ? "bare" : "object", ...flat);
  }
  return Object.fromEntries(entries.map(([key, item]) => [key, childToTagged(item, key, walk)]));
}
