import type { Random } from "../random.ts";
import type { JsonSchema } from "./routes.ts";

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Gives a value that means something for a property of this name; undefined when the schema alone must do. */
export type Meaning = (property: string, random: Random) => Json | undefined;

interface Making {
  readonly random: Random;
  readonly meaning: Meaning;
  readonly root: JsonSchema;
  readonly depth: number;
}

/** A value that a schema allows. */
export const validJson = (schema: JsonSchema, random: Random, meaning: Meaning = () => undefined): Json =>
  make(schema, "", { random, meaning, root: schema, depth: 0 });

function make(schema: JsonSchema, property: string, making: Making): Json {
  const { random, root } = making;
  if (schema.$ref !== undefined) {
    const target = root.$defs?.[schema.$ref.replace("#/$defs/", "")];
    return target ? make(target, property, making) : null;
  }
  const meant = property === "" ? undefined : making.meaning(property, random);
  if (meant !== undefined && accepts(schema, meant)) return meant;
  if (schema.const !== undefined) return schema.const as Json;
  if (schema.enum) return random.pick(schema.enum) as Json;
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return make(random.pick(making.depth > 4 ? choices.slice(0, 3) : choices), property, making);
  return plain(schema, property, { ...making, depth: making.depth + 1 });
}

/** Whether a meant value fits roughly: its kind of JSON, and null only where it may be. */
function accepts(schema: JsonSchema, value: Json): boolean {
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return choices.some((one) => accepts(one, value));
  if (schema.enum) return schema.enum.includes(value);
  if (schema.const !== undefined) return schema.const === value;
  if (schema.type === undefined) return true;
  const types = typeof schema.type === "string" ? [schema.type] : schema.type;
  return types.includes(kindOf(value)) || (types.includes("integer") && Number.isInteger(value));
}

const kindOf = (value: Json): string =>
  value === null ? "null" : Array.isArray(value) ? "array" : typeof value === "object" ? "object" : typeof value;

function plain(schema: JsonSchema, property: string, making: Making): Json {
  const { random } = making;
  const type = typeof schema.type === "string" ? schema.type : random.pick(schema.type ?? ["string"]);
  switch (type) {
    case "string":
      return text(schema, random);
    case "integer":
    case "number":
      return random.between(
        Math.max(schema.minimum ?? schema.exclusiveMinimum ?? 0, -5) + (schema.exclusiveMinimum === undefined ? 0 : 1),
        Math.min(schema.maximum ?? 100, 100),
      );
    case "boolean":
      return random.percent(50);
    case "array":
      return list(schema, property, making);
    case "object":
      return object(schema, making);
    default:
      return null;
  }
}

const words = ["alpha", "beta", "gamma-delta", "x", "Hello world", "naïve", "日本", "a.b.c"];

function text(schema: JsonSchema, random: Random): string {
  if (schema.format === "date-time") return someDate(random);
  const candidates =
    schema.pattern === undefined ? words : words.filter((one) => new RegExp(schema.pattern ?? "", "u").test(one));
  return random.pick(candidates.length > 0 ? candidates : ["alpha"]);
}

export const someDate = (random: Random): string =>
  new Date(Date.UTC(2026, random.between(0, 11), random.between(1, 28), random.between(0, 23))).toISOString();

function list(schema: JsonSchema, property: string, making: Making): Json {
  if (schema.prefixItems) return schema.prefixItems.map((one) => make(one, property, making));
  const { items } = schema;
  if (!items) return [];
  return Array.from({ length: making.random.between(0, 3) }, () => make(items, property, making));
}

function object(schema: JsonSchema, making: Making): Json {
  const required = new Set(schema.required ?? []);
  const entries = Object.entries(schema.properties ?? {})
    .filter(([name, one]) => required.has(name) || (one.type !== "null" && making.random.percent(30)))
    .map(([name, one]) => [name, make(one, name, making)] as const);
  if (schema.properties === undefined && typeof schema.additionalProperties === "object" && making.depth < 5)
    entries.push(["key", make(schema.additionalProperties, "", making)]);
  return Object.fromEntries(entries);
}
