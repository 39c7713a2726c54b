import type { Json, JsonObject, RunField } from "@airloom/core";
import { dagInvalid } from "../authoring-error.ts";
import type { DagScope } from "../dag/draft.ts";
import type { FactRef } from "./ref.ts";
import { type RefSource, sourceName, ValueRefObject } from "./ref-object.ts";

/** Facts of the run, for arguments. A Dag that uses one of the first three refuses runs without a logical date. */
export interface RunRefs {
  readonly logicalDate: FactRef<Date>;
  readonly intervalStart: FactRef<Date>;
  readonly intervalEnd: FactRef<Date>;
  readonly runAfter: FactRef<Date>;
  readonly runId: FactRef<string>;
  readonly runType: FactRef<string>;
  readonly conf: FactRef<JsonObject>;
}

/** A param: a Ref of its value, and of the values in it. */
export type ParamRef<T> = FactRef<T> &
  ([T] extends [readonly unknown[] | Date]
    ? unknown
    : [T] extends [object]
      ? { readonly [K in keyof T]-?: ParamRef<T[K]> }
      : unknown);

/** Variables by key. The call is for keys that are no names, and for `noUncheckedIndexedAccess`. */
export interface VariableRefs {
  (key: string): FactRef<string>;
  readonly [key: string]: FactRef<string>;
}

const makeFact = <T>(source: RefSource, scope: DagScope): FactRef<T> =>
  new ValueRefObject({ source, scope }) as unknown as FactRef<T>;

const fields: readonly RunField[] = [
  "logicalDate",
  "intervalStart",
  "intervalEnd",
  "runAfter",
  "runId",
  "runType",
  "conf",
];

export const makeRunRefs = (scope: DagScope): RunRefs =>
  Object.fromEntries(fields.map((field) => [field, makeFact({ kind: "run", field }, scope)])) as unknown as RunRefs;

export function makeVariableRefs(scope: DagScope): VariableRefs {
  const read = (key: string): FactRef<string> => makeFact({ kind: "variable", key }, scope);
  return new Proxy(read, {
    get: (_target, key) => (typeof key === "string" && key !== "then" ? read(key) : undefined),
  }) as unknown as VariableRefs;
}

/** The params as Refs. Names that the schema does not have are refused, for authors whose editor does not check types. */
export function makeParamRefs(scope: DagScope, schema: Json, path: readonly string[] = []): FactRef<unknown> {
  const source: RefSource = { kind: "param", path };
  return new Proxy(makeFact<unknown>(source, scope), {
    get(target, key) {
      if (typeof key === "symbol" || key === "toJSON") return Reflect.get(target, key);
      const inner = propertySchema(schema, key);
      if (inner !== undefined) return makeParamRefs(scope, inner, [...path, key]);
      if (key === "then") return undefined;
      throw dagInvalid(
        `${sourceName(source)} has no \`${key}\``,
        `It has: ${propertyNames(schema).join(", ") || "nothing"}.`,
      );
    },
  });
}

interface ObjectSchema {
  readonly properties?: Readonly<Record<string, Json>>;
  readonly additionalProperties?: Json;
}

const asObjectSchema = (schema: Json): ObjectSchema =>
  typeof schema === "object" && schema !== null && !Array.isArray(schema) ? (schema as ObjectSchema) : {};

const propertyNames = (schema: Json): readonly string[] => Object.keys(asObjectSchema(schema).properties ?? {});

/** The schema of a property; undefined when the schema says that there is none. What it leaves open is allowed. */
function propertySchema(schema: Json, key: string): Json | undefined {
  const { properties, additionalProperties } = asObjectSchema(schema);
  if (properties && Object.hasOwn(properties, key)) return properties[key];
  if (key === "then") return undefined;
  const open = typeof additionalProperties === "object" || additionalProperties === true;
  return open || (!properties && additionalProperties !== false) ? (additionalProperties ?? null) : undefined;
}
