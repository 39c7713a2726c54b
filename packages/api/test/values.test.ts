import { publish, someSpec, someTask, work } from "@airloom/testkit";
import { decodeValue, encodeValue } from "@airloom/wire";
import { beforeAll, expect, test } from "vitest";
import { fieldProblems } from "./airflow-fields.ts";
import { list, ownApi } from "./own-api.ts";

const api = await ownApi();
const entries = (task: string) => `/api/v2/dags/values/dagRuns/r1/taskInstances/${task}/xcomEntries`;

beforeAll(async () => {
  const each = someTask({ id: "each", upstream: ["list"], mapped: true, args: [{ kind: "xcom", task: "list" }] });
  await publish(
    api.store,
    someSpec({
      dagId: "values",
      tasks: [someTask({ id: "make", displayName: "Make" }), someTask({ id: "list", elementwise: true }), each],
    }),
  );
  await api.ask("/api/v2/dags/values/dagRuns", { method: "POST", body: { logical_date: null, dag_run_id: "r1" } });
  const made = new Map<string, unknown>([
    ["make", { at: new Date(0), big: 7n, tags: new Set(["a"]) }],
    ["each", "done"],
  ]);
  await work(api.runs, ({ task }) =>
    task.id === "list"
      ? { kind: "succeeded", value: encodeValue([10, 20]), length: 2 }
      : { kind: "succeeded", value: encodeValue(made.get(task.id)) },
  );
});

test("values are listed without themselves, over tasks and runs", async () => {
  const { body } = await api.ask(entries("~"));
  expect(list(body, "xcom_entries").map((one) => [one.task_id, one.map_index])).toEqual([
    ["each", 0],
    ["each", 1],
    ["list", -1],
    ["make", -1],
  ]);
  const everywhere = await api.ask(
    "/api/v2/dags/~/dagRuns/~/taskInstances/make/xcomEntries?xcom_key_pattern=return&map_index=-1",
  );
  expect(everywhere.body).toMatchObject({ total_entries: 1, xcom_entries: [{ task_display_name: "Make" }] });
  expect((await api.ask(`${entries("~")}?order_by=-map_index&limit=1`)).body.xcom_entries).toMatchObject([
    { map_index: 1 },
  ]);
});

test("a value is read as plain JSON, or as text", async () => {
  const one = await api.ask(`${entries("make")}/return_value`);
  expect(fieldProblems("XComResponseNative", one.body)).toEqual([]);
  expect(one.body.value).toEqual({ at: "1970-01-01T00:00:00.000Z", big: "7", tags: ["a"] });
  expect((await api.ask(`${entries("make")}/return_value?stringify=true`)).body.value).toBe(
    '{"at":"1970-01-01T00:00:00.000Z","big":"7","tags":["a"]}',
  );
  expect((await api.ask(`${entries("each")}/return_value?map_index=1`)).body.value).toBe("done");
  expect((await api.ask(`${entries("make")}/nothing`)).status).toBe(404);
});

test("values are added, changed and deleted by those who may", async () => {
  const write = (method: "POST" | "PATCH", path: string, body: object) => api.ask(path, { method, as: "op", body });
  const made = await write("POST", entries("make"), { key: "extra", value: [1, { a: null }] });
  expect([made.status, made.body.value]).toEqual([201, [1, { a: null }]]);
  expect((await write("POST", entries("make"), { key: "extra", value: 1 })).status).toBe(409);
  expect((await write("POST", entries("nobody"), { key: "extra", value: 1 })).status).toBe(404);
  expect((await write("PATCH", `${entries("make")}/extra`, { value: "new" })).body.value).toBe("new");
  expect((await write("PATCH", `${entries("make")}/none`, { value: "new" })).status).toBe(404);
  expect((await api.ask(`${entries("make")}/extra`, { method: "DELETE", as: "user" })).status).toBe(403);
  expect((await api.ask(`${entries("make")}/extra`, { method: "DELETE", as: "op" })).status).toBe(204);
  expect((await api.ask(`${entries("make")}/extra`)).status).toBe(404);
});

test("a changed list that is mapped over is read element by element afterwards", async () => {
  const changed = await api.ask(`${entries("list")}/return_value`, { method: "PATCH", body: { value: [5, 6] } });
  expect(changed.body.value).toEqual([5, 6]);
  await api.ask("/api/v2/dags/values/clearTaskInstances", {
    method: "POST",
    body: { dag_run_id: "r1", dry_run: false, only_failed: false, task_ids: ["each"] },
  });
  const seen: unknown[] = [];
  await work(api.runs, ({ inputs }) => {
    const input = inputs.inputs.list;
    seen.push(input?.kind === "element" ? decodeValue(input.bytes) : input?.kind);
    return { kind: "succeeded" };
  });
  expect(seen.toSorted()).toEqual([5, 6]);
});
