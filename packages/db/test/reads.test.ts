import { type DagRunField, type ListQuery, listLimit } from "@airloom/store";
import { publish, someRun, someSpec } from "@airloom/testkit";
import { beforeAll, expect, test } from "vitest";
import { openPool } from "../src/connection/pool.ts";
import { createPostgresStore } from "../src/postgres-store.ts";
import { ownStore } from "./own-store.ts";

const own = await ownStore();
const store = createPostgresStore({ url: own.url });
const query = (given: Partial<ListQuery<DagRunField>> = {}): ListQuery<DagRunField> => ({
  where: [],
  orderBy: [],
  limit: 10,
  offset: 0,
  ...given,
});

beforeAll(async () => {
  const dag = await publish(store, someSpec({ dagId: "many" }));
  for (const runId of ["a_1", "a%2", "b_1"]) await someRun(store, { dag, runId });
  return () => store.close();
});

test("patterns have two wildcards, prefixes have none", async () => {
  const ids = async (where: ListQuery<DagRunField>["where"]) =>
    (await store.reads.listRuns(query({ where }))).rows.map((run) => run.runId);
  expect(await ids([{ kind: "like", field: "runId", patterns: ["A_1"] }])).toEqual(["a_1"]);
  expect(await ids([{ kind: "like", field: "runId", patterns: ["a%", "B"] }])).toEqual(["a_1", "a%2", "b_1"]);
  expect(await ids([{ kind: "prefix", field: "runId", prefixes: ["a%"] }])).toEqual(["a%2"]);
  expect(await ids([{ kind: "like", field: "runId", patterns: ["\\"] }])).toEqual([]);
  expect(await ids([{ kind: "in", field: "note", values: [null] }])).toHaveLength(3);
  expect(await ids([{ kind: "in", field: "runId", values: [] }])).toEqual([]);
  expect(await ids([{ kind: "notIn", field: "runId", values: ["a_1"] }])).toEqual(["a%2", "b_1"]);
});

test("pages follow one order, count all rows, and never overlap", async () => {
  const orderBy = [{ field: "state" as const, descending: true }];
  const pages = [0, 1, 2, 3].map((offset) => store.reads.listRuns(query({ orderBy, limit: 1, offset })));
  const listed = await Promise.all(pages);
  expect(listed.map(({ total, capped }) => [total, capped])).toEqual(Array.from({ length: 4 }, () => [3, false]));
  expect(listed.flatMap(({ rows }) => rows.map((run) => run.runId))).toEqual(["a_1", "a%2", "b_1"]);
  expect(listLimit).toBeGreaterThanOrEqual(10_000);
});

test("lists cannot write, and are cut off when they take too long", async () => {
  const pool = openPool({ url: own.url, readOnly: true, statementTimeoutMs: 50, poolSize: 1 });
  await expect(pool.query("delete from dag_run")).rejects.toThrow(/read-only/);
  await expect(pool.query("select pg_sleep(5)")).rejects.toThrow(/timeout/);
  await pool.end();
});
