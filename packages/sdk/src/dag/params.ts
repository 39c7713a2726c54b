import type { Json } from "@airloom/core";
import { z } from "zod";
import { dagInvalid } from "../authoring-error.ts";
import type { Schema } from "../tasks/task-options.ts";

export interface ParamsSpec {
  readonly schema: Json;
  readonly defaults: Readonly<Record<string, Json>>;
}

/** The params of a Dag as JSON Schema (of what a user enters) and the defaults a run starts from. */
export function toParamsSpec(schema: Schema | undefined): ParamsSpec {
  if (schema === undefined) return { schema: { type: "object", properties: {} }, defaults: {} };
  const json = toJsonSchema("params", schema, "input");
  const properties = (json as { properties?: Record<string, Json> }).properties;
  if (!properties) throw dagInvalid("`params` is no object schema", "Write `params: z.object({ … })`.");
  const defaults = Object.entries(properties).flatMap(([name, property]) =>
    typeof property === "object" && property !== null && "default" in property
      ? [[name, (property as { readonly default: Json }).default] as const]
      : [],
  );
  return { schema: json, defaults: Object.fromEntries(defaults) };
}

/**
 * The JSON Schema (2020-12) of a zod schema.
 * @param side `input`: what may be entered; `output`: what comes out of the schema.
 */
export function toJsonSchema(where: string, schema: Schema, side: "input" | "output"): Json {
  if (typeof schema !== "object" || schema === null || !("_zod" in schema)) {
    throw dagInvalid(`\`${where}\` is no zod 4 schema`, 'Make it with `import { z } from "zod"`, version 4.');
  }
  try {
    const json: unknown = z.toJSONSchema(schema, { io: side });
    return JSON.parse(JSON.stringify(json)) as Json;
  } catch (cause) {
    throw dagInvalid(
      `\`${where}\` has no JSON Schema: ${cause instanceof Error ? cause.message : String(cause)}`,
      "People and other languages enter JSON: for a date use `z.iso.date()` or `z.iso.datetime()`, with `.transform((text) => new Date(text))` if you like.",
    );
  }
}
