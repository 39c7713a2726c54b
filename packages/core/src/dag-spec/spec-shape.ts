import { AirloomError } from "../errors.ts";

/** Checks that a value has the shape that a path of the Spec needs. @throws AirloomError SPEC_INVALID with the path. */
export type Shape = (value: unknown, path: string) => void;

function refuse(path: string, expected: string, value: unknown): never {
  const found =
    value === undefined ? "nothing" : value === null ? "null" : Array.isArray(value) ? "a list" : typeof value;
  const shown = typeof value === "string" || typeof value === "number" ? `${found} ${JSON.stringify(value)}` : found;
  throw new AirloomError("SPEC_INVALID", { path, expected, found: shown });
}

const when =
  (expected: string, holds: (value: unknown) => boolean): Shape =>
  (value, path) => {
    if (!holds(value)) refuse(path, expected, value);
  };

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const text = when("text", (value) => typeof value === "string");
export const flag = when("true or false", (value) => typeof value === "boolean");
/** Anything that is there: values whose meaning is the author's own. */
export const present = when("a value", (value) => value !== undefined);

export const number = (least: number): Shape =>
  when(`a number of at least ${least}`, (value) => Number.isFinite(value) && Number(value) >= least);
export const integer = (least: number): Shape =>
  when(`a whole number of at least ${least}`, (value) => Number.isSafeInteger(value) && Number(value) >= least);
export const oneOf = (names: readonly string[]): Shape =>
  when(`one of ${names.join(", ")}`, (value) => typeof value === "string" && names.includes(value));

export const orNull =
  (shape: Shape): Shape =>
  (value, path) => {
    if (value !== null) shape(value, path);
  };

export const listOf =
  (shape: Shape): Shape =>
  (value, path) => {
    if (!Array.isArray(value)) refuse(path, "a list", value);
    value.forEach((item: unknown, index) => {
      shape(item, `${path}[${index}]`);
    });
  };

export const recordOf =
  (shape: Shape): Shape =>
  (value, path) => {
    if (!isRecord(value)) refuse(path, "an object", value);
    for (const [key, item] of Object.entries(value)) shape(item, `${path}.${key}`);
  };

/** Fields that are not named are left alone: a newer writer of the same format may add optional ones. */
export function fields(shapes: Readonly<Record<string, Shape>>): Shape {
  const entries = Object.entries(shapes);
  return (value, path) => {
    if (!isRecord(value)) refuse(path, "an object", value);
    for (const [key, shape] of entries) shape(value[key], path === "" ? key : `${path}.${key}`);
  };
}

/** An object whose `kind` says which further fields it has. */
export function variants(kinds: Readonly<Record<string, Shape>>): Shape {
  const kind = oneOf(Object.keys(kinds));
  return (value, path) => {
    if (!isRecord(value)) refuse(path, "an object", value);
    kind(value.kind, `${path}.kind`);
    kinds[String(value.kind)]?.(value, path);
  };
}
