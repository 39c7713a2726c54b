import { AirloomError } from "@airloom/core";
import type { Condition, ListQuery } from "@airloom/store";
import { z } from "zod";
import { instant } from "./instant.ts";

/** What a list can be asked for, by the names that requests use. */
export interface ListParameters<Field extends string> {
  /** What it may be sorted by. */
  readonly orderBy: Readonly<Record<string, Field>>;
  /** Repeatable: any of the values. `none` means null where `nullable`. */
  readonly anyOf?: Readonly<Record<string, AnyOf<Field>>>;
  /** `x_pattern` and `x_prefix_pattern`. */
  readonly text?: Readonly<Record<string, Field>>;
  /** `x_gte`, `x_gt`, `x_lte`, `x_lt`. */
  readonly range?: Readonly<Record<string, { readonly field: Field; readonly of: "instant" | "number" }>>;
}

interface AnyOf<Field extends string> {
  readonly field: Field;
  readonly of: "text" | "integer" | "flag" | readonly string[];
  readonly nullable?: boolean;
}

/** Airflow's paging: 50 unless told, 100 at most however many are asked for. */
const defaultLimit = 50;
export const maxLimit = 100;

/** A parameter that may be repeated, as a list. */
export const repeated = <Item extends z.ZodType>(item: Item) =>
  z.preprocess(
    (value) => (value === undefined || Array.isArray(value) ? value : [value]),
    z.array(item).max(1_000).optional(),
  );

export const integer = z.coerce.number().int().min(-2_147_483_648).max(2_147_483_647);
export const flag = z
  .enum(["true", "false", "True", "False", "1", "0"])
  .transform((text) => text === "true" || text === "True" || text === "1");

const clampedLimit = (limit: number): number => (limit === 0 ? defaultLimit : Math.min(limit, maxLimit));
export const paging = {
  limit: z.coerce.number().int().min(0).default(defaultLimit).transform(clampedLimit),
  offset: z.coerce.number().int().min(0).max(2_147_483_647).default(0),
  order_by: repeated(z.string().max(250)),
};

type ListInput = z.output<z.ZodObject<typeof paging>> & Readonly<Record<string, unknown>>;

export interface ListOf<Field extends string> {
  /** The query string's schema. */
  readonly query: z.ZodType<ListInput>;
  /** What was asked for, as a query with further conditions. @throws BAD_REQUEST for a column that it cannot be sorted by */
  toQuery(input: ListInput, more?: readonly Condition<Field>[]): ListQuery<Field>;
}

/** Builds schema and translation of one list from its table of parameters. `more`: parameters whose meaning the route knows. */
export function listOf<Field extends string>(
  parameters: ListParameters<Field>,
  more: z.ZodRawShape = {},
): ListOf<Field> {
  const readers = readersOf(parameters);
  const shape = Object.fromEntries(readers.map(({ name, schema }) => [name, schema]));
  return {
    query: z.object({ ...paging, ...shape, ...more }) as unknown as z.ZodType<ListInput>,
    toQuery: (input, conditions = []) => ({
      limit: input.limit,
      offset: input.offset,
      orderBy: orderOf(parameters.orderBy, input.order_by),
      where: [
        ...conditions,
        ...readers.flatMap(({ name, read }) => (input[name] === undefined ? [] : read(input[name]))),
      ],
    }),
  };
}

interface Reader<Field extends string> {
  readonly name: string;
  readonly schema: z.ZodType;
  readonly read: (value: unknown) => readonly Condition<Field>[];
}

function readersOf<Field extends string>(parameters: ListParameters<Field>): readonly Reader<Field>[] {
  return [
    ...Object.entries(parameters.anyOf ?? {}).map(([name, given]) => anyOfReader(name, given)),
    ...Object.entries(parameters.text ?? {}).flatMap(([name, field]) => textReaders(name, field)),
    ...Object.entries(parameters.range ?? {}).flatMap(([name, { field, of }]) => rangeReaders(name, field, of)),
  ];
}

function anyOfReader<Field extends string>(name: string, { field, of, nullable }: AnyOf<Field>): Reader<Field> {
  const item = {
    text: z.string().max(1_000),
    integer,
    flag,
  };
  const known = typeof of === "string" ? item[of] : z.enum([...of, ...(nullable ? ["none", "null"] : [])]);
  return {
    name,
    schema: repeated(known),
    read: (value) => [
      {
        kind: "in",
        field,
        values: (value as (string | number | boolean)[]).map((one) =>
          nullable && (one === "none" || one === "null") ? "none" : one,
        ),
      },
    ],
  };
}

const textReaders = <Field extends string>(name: string, field: Field): readonly Reader<Field>[] => [
  {
    name: `${name}_pattern`,
    schema: z.string().max(1_000).optional(),
    read: (value) => likeConditions(field, String(value)),
  },
  {
    name: `${name}_prefix_pattern`,
    schema: z.string().max(1_000).optional(),
    read: (value) => {
      const prefixes = parts(String(value));
      return prefixes.length === 0 || prefixes.includes("~") ? [] : [{ kind: "prefix", field, prefixes }];
    },
  },
];

function likeConditions<Field extends string>(field: Field, text: string): readonly Condition<Field>[] {
  const patterns = parts(text);
  return patterns.length === 0 || patterns.includes("~") ? [] : [{ kind: "like", field, patterns }];
}

const parts = (text: string): readonly string[] =>
  text
    .split("|")
    .map((part) => part.trim())
    .filter((part) => part !== "");

const comparisons = { gte: ">=", gt: ">", lte: "<=", lt: "<" } as const;

const rangeReaders = <Field extends string>(
  name: string,
  field: Field,
  of: "instant" | "number",
): readonly Reader<Field>[] =>
  Object.entries(comparisons).map(([suffix, is]) => ({
    name: `${name}_${suffix}`,
    schema: (of === "instant" ? instant : z.coerce.number()).optional(),
    read: (value) => [{ kind: "compare", field, is, value: value as Date | number }],
  }));

function orderOf<Field extends string>(
  known: Readonly<Record<string, Field>>,
  wanted: readonly string[] = [],
): ListQuery<Field>["orderBy"] {
  return wanted
    .flatMap((text) => text.split(","))
    .filter((text) => text !== "")
    .map((text) => {
      const descending = text.startsWith("-");
      const name = descending ? text.slice(1) : text;
      const field = Object.hasOwn(known, name) ? known[name] : undefined;
      if (field === undefined)
        throw new AirloomError("BAD_REQUEST", {
          reason: `It cannot be ordered by "${name}"; it can be by ${Object.keys(known).join(", ")}.`,
        });
      return { field, descending };
    });
}
