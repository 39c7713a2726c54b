import { type Condition, type Listed, type ListQuery, listLimit } from "@airloom/store";
import { type Kysely, type RawBuilder, sql } from "kysely";

/** A database whose tables Kysely need not know: lists are composed from fragments, values always travel as parameters. */
export type ReadDatabase = Kysely<Record<string, never>>;

/** How one list is made. All SQL here is written by us; what a request brings in are parameters. */
export interface ListSource<Field extends string> {
  /** The columns of a row. */
  readonly select: string;
  /**
   * Table and joins. Joins are left joins on unique keys: PostgreSQL leaves out those that a count does not need.
   */
  readonly from: string;
  /** Unique expression of a row: the page is chosen by it alone first, so that only its rows are joined. Left out where a row is no table's. */
  readonly id?: string;
  /** Each field as an expression. */
  readonly fields: Readonly<Record<Field, string>>;
  /** Ends every order, so that it is total. */
  readonly key: readonly Field[];
}

/** One page, and how many rows there are in all. */
export async function listPage<Row, Field extends string>(
  db: ReadDatabase,
  source: ListSource<Field>,
  query: ListQuery<Field>,
): Promise<Listed<Row>> {
  const from = sql.raw(source.from);
  const where = whereOf(source, query.where);
  const order = orderOf(source, query.orderBy);
  const chosen = sql`from ${from} where ${where} order by ${order} limit ${query.limit} offset ${query.offset}`;
  const select = sql.raw(source.select);
  const id = source.id === undefined ? null : sql.raw(source.id);
  const page = id
    ? sql<Row>`select ${select} from ${from} where ${id} in (select ${id} ${chosen}) order by ${order}`
    : sql<Row>`select ${select} ${chosen}`;
  const count = sql<{ readonly total: number }>`select count(*) as total from
    (select 1 from ${from} where ${where} limit ${listLimit + 1}) counted`;
  const [{ rows }, counted] = await Promise.all([page.execute(db), count.execute(db)]);
  const total = counted.rows[0]?.total ?? 0;
  return { rows, total: Math.min(total, listLimit), capped: total > listLimit };
}

function whereOf<Field extends string>(
  source: ListSource<Field>,
  where: readonly Condition<Field>[],
): RawBuilder<unknown> {
  if (where.length === 0) return sql`true`;
  return sql.join(
    where.map((condition) => conditionOf(sql.raw(source.fields[condition.field]), condition)),
    sql` and `,
  );
}

function conditionOf<Field extends string>(
  field: RawBuilder<unknown>,
  condition: Condition<Field>,
): RawBuilder<unknown> {
  switch (condition.kind) {
    case "in":
      return isIn(field, condition.values);
    case "notIn":
      return condition.values.length === 0 ? sql`true` : sql`${field} not in (${sql.join([...condition.values])})`;
    case "like":
      return anyOf(condition.patterns, (pattern) => sql`${field} ilike ${containing(pattern)}`);
    case "prefix":
      return anyOf(condition.prefixes, (prefix) => sql`${field} like ${startingWith(prefix)}`);
    case "compare":
      return sql`${field} ${sql.raw(condition.is)} ${condition.value}`;
    case "holds":
      return condition.all
        ? sql`${field} @> ${[...condition.values]}::text[]`
        : sql`${field} && ${[...condition.values]}::text[]`;
  }
}

function isIn(field: RawBuilder<unknown>, values: readonly (string | number | boolean | null)[]): RawBuilder<unknown> {
  const known = values.filter((value) => value !== null);
  const parts = [
    ...(known.length === 1 ? [sql`${field} = ${known[0]}`] : []),
    ...(known.length > 1 ? [sql`${field} in (${sql.join(known)})`] : []),
    ...(known.length < values.length ? [sql`${field} is null`] : []),
  ];
  return parts.length === 0 ? sql`false` : sql`(${sql.join(parts, sql` or `)})`;
}

const anyOf = (texts: readonly string[], part: (text: string) => RawBuilder<unknown>): RawBuilder<unknown> =>
  texts.length === 0 ? sql`false` : sql`(${sql.join(texts.map(part), sql` or `)})`;

const containing = (pattern: string): string => `%${pattern.replaceAll("\\", "\\\\")}%`;
const startingWith = (prefix: string): string => `${prefix.replaceAll(/[\\%_]/g, "\\$&")}%`;

function orderOf<Field extends string>(
  { fields, key }: ListSource<Field>,
  orderBy: ListQuery<Field>["orderBy"],
): RawBuilder<unknown> {
  const named = new Set(orderBy.map(({ field }) => field));
  const rest = key.filter((field) => !named.has(field)).map((field) => ({ field, descending: false }));
  return sql.join(
    [...orderBy, ...rest].map(({ field, descending }) =>
      // Nulls last both ways: what has no date is not the newest.
      descending ? sql`${sql.raw(fields[field])} desc nulls last` : sql.raw(fields[field]),
    ),
  );
}
