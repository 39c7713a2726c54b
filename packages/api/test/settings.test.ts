import { expect, test } from "vitest";
import { fieldProblems } from "./airflow-fields.ts";
import { list, ownApi } from "./own-api.ts";

const api = await ownApi();
const post = (path: string, body: object) => api.ask(path, { method: "POST", as: "op", body });
const patch = (path: string, body: object) => api.ask(path, { method: "PATCH", as: "op", body });

test("pools are made, changed, listed and deleted; the default one stays", async () => {
  const made = await post("/api/v2/pools", { name: "warehouse", slots: 4, description: "shared" });
  expect([made.status, fieldProblems("PoolResponse", made.body)]).toEqual([201, []]);
  expect((await post("/api/v2/pools", { name: "warehouse", slots: 4 })).status).toBe(409);
  expect((await post("/api/v2/pools", { name: "odd", slots: -2 })).status).toBe(422);
  const changed = await patch("/api/v2/pools/warehouse?update_mask=slots", { slots: 8, description: "lost" });
  expect(changed.body).toMatchObject({ slots: 8, description: "shared", open_slots: 8 });
  expect((await patch("/api/v2/pools/warehouse", { slots: -1, include_deferred: true })).body).toMatchObject({
    open_slots: -1,
    include_deferred: true,
  });
  expect((await patch("/api/v2/pools/warehouse", { pool: "other" })).status).toBe(400);
  expect((await patch("/api/v2/pools/nobody", { slots: 1 })).status).toBe(404);
  expect(list((await api.ask("/api/v2/pools?pool_name_pattern=ware")).body, "pools").map((pool) => pool.name)).toEqual([
    "warehouse",
  ]);
  expect((await api.ask("/api/v2/pools/default_pool", { method: "DELETE" })).status).toBe(400);
  expect((await patch("/api/v2/pools/default_pool", { description: "x" })).status).toBe(400);
  expect((await patch("/api/v2/pools/default_pool", { slots: 64 })).body.slots).toBe(64);
  expect((await api.ask("/api/v2/pools/warehouse", { method: "DELETE" })).status).toBe(204);
  expect((await api.ask("/api/v2/pools/warehouse")).status).toBe(404);
});

test("many pools are changed at once, each action by itself", async () => {
  const pool = (name: string, slots = 1) => ({ name, slots });
  const { status, body } = await patch("/api/v2/pools", {
    actions: [
      { action: "create", entities: [pool("one"), pool("two")] },
      { action: "create", entities: [pool("one", 5), pool("three")] },
      { action: "create", entities: [pool("one", 5), pool("four")], action_on_existence: "skip" },
      { action: "create", entities: [pool("two", 7)], action_on_existence: "overwrite" },
      { action: "update", entities: [pool("three", 2)], action_on_non_existence: "skip" },
      { action: "update", entities: [pool("gone", 2)] },
      { action: "delete", entities: ["four"] },
    ],
  });
  expect([status, body]).toEqual([
    200,
    {
      create: {
        success: ["one", "two", "four", "two"],
        errors: [{ status_code: 409, error: expect.stringContaining("one") }],
      },
      update: { success: [], errors: [{ status_code: 404, error: expect.stringContaining("gone") }] },
      delete: { success: ["four"], errors: [] },
    },
  ]);
  const slots = list((await api.ask("/api/v2/pools?order_by=name")).body, "pools").map((one) => [one.name, one.slots]);
  expect(slots).toEqual(
    [
      ["default_pool", 64],
      ["one", 1],
      ["two", 7],
    ].sort(),
  );
  expect((await patch("/api/v2/pools", { actions: [{ action: "mend", entities: [] }] })).status).toBe(422);
});

test("variables are kept encrypted, shown as text, and masked when their name is a secret's", async () => {
  const made = await post("/api/v2/variables", {
    key: "region",
    value: { zone: "eu", api_key: "s3cr3t" },
    description: "where",
  });
  expect([made.status, fieldProblems("VariableResponse", made.body)]).toEqual([201, []]);
  expect(made.body).toMatchObject({ value: '{"zone":"eu","api_key":"***"}', is_encrypted: true });
  expect((await post("/api/v2/variables", { key: "region", value: 1 })).status).toBe(409);
  expect((await post("/api/v2/variables", { key: "db_password", value: "s3cr3t" })).body.value).toBe("***");
  const changed = await patch("/api/v2/variables/region?update_mask=description", {
    key: "region",
    value: "x",
    description: "here",
  });
  expect(changed.body).toMatchObject({ value: '{"zone":"eu","api_key":"***"}', description: "here" });
  expect((await patch("/api/v2/variables/region", { key: "other", value: 1 })).status).toBe(400);
  await patch("/api/v2/variables/db_password", { key: "db_password", value: "***", description: "as it was" });
  const [row] = await api.store.tx((tx) => tx.findVariables(["db_password"]));
  expect(api.deps.secrets.decrypt(row?.value ?? new Uint8Array(), "variable.db_password.value")).toBe("s3cr3t");
  expect(Buffer.from(row?.value ?? []).includes("s3cr3t")).toBe(false);
  expect((await api.ask("/api/v2/variables?variable_key_prefix_pattern=db")).body.total_entries).toBe(1);
  expect((await api.ask("/api/v2/variables/region", { method: "DELETE" })).status).toBe(204);
  expect((await api.ask("/api/v2/variables/region", { method: "DELETE" })).status).toBe(404);
  const slashed = await post("/api/v2/variables", { key: "a/b", value: "x" });
  expect((await api.ask("/api/v2/variables/a%2Fb")).body).toEqual(slashed.body);
});

test("variables are imported in bulk", async () => {
  const { body } = await patch("/api/v2/variables", {
    actions: [
      {
        action: "create",
        entities: [
          { key: "v1", value: 1 },
          { key: "v2", value: [2] },
        ],
        action_on_existence: "overwrite",
      },
      { action: "delete", entities: ["v1", "v9"], action_on_non_existence: "skip" },
    ],
  });
  expect(body).toEqual({ create: { success: ["v1", "v2"], errors: [] }, delete: { success: ["v1"], errors: [] } });
  expect((await api.ask("/api/v2/variables/v2")).body.value).toBe("[2]");
});

test("connections never show a password, nor what is secret in extra, and keep both when they come back masked", async () => {
  const given = {
    connection_id: "warehouse",
    conn_type: "postgres",
    host: "db",
    port: 5432,
    login: "ann",
    password: "s3cr3t",
    schema: "sales",
    extra: '{"sslmode":"require","secret_key":"h1dden"}',
  };
  const made = await post("/api/v2/connections", given);
  expect([made.status, fieldProblems("ConnectionResponse", made.body)]).toEqual([201, []]);
  expect(made.body).toMatchObject({ password: "***", extra: '{"sslmode":"require","secret_key":"***"}', host: "db" });
  expect((await post("/api/v2/connections", given)).status).toBe(409);
  expect((await post("/api/v2/connections", { ...given, connection_id: "bad id" })).status).toBe(422);
  expect((await post("/api/v2/connections", { ...given, connection_id: "x", extra: "[1]" })).status).toBe(422);
  const { body: shown } = await api.ask("/api/v2/connections/warehouse");
  await patch("/api/v2/connections/warehouse", {
    ...shown,
    host: "db2",
    extra: '{"sslmode":"verify-full","secret_key":"***"}',
  });
  const row = await api.store.tx((tx) => tx.findConnection("warehouse"));
  const open = (bytes: Uint8Array | null | undefined, column: string) =>
    api.deps.secrets.decrypt(bytes ?? new Uint8Array(), `connection.warehouse.${column}`);
  expect([row?.host, open(row?.password, "password"), open(row?.extra, "extra")]).toEqual([
    "db2",
    "s3cr3t",
    '{"sslmode":"verify-full","secret_key":"h1dden"}',
  ]);
  await patch("/api/v2/connections/warehouse?update_mask=login", { login: "bob", host: "lost" });
  expect(list((await api.ask("/api/v2/connections?connection_id_pattern=ware")).body, "connections")).toMatchObject([
    { login: "bob", host: "db2" },
  ]);
  const tested = await post("/api/v2/connections/test", given);
  expect([tested.status, tested.body.detail]).toEqual([403, expect.stringContaining("switched off")]);
  expect((await api.ask("/api/v2/connections/warehouse", { method: "DELETE" })).status).toBe(204);
  expect((await api.ask("/api/v2/connections/warehouse")).status).toBe(404);
});

test("connections are changed in bulk", async () => {
  const one = { connection_id: "c1", conn_type: "http" };
  const { body } = await patch("/api/v2/connections", {
    actions: [
      { action: "create", entities: [one] },
      { action: "update", entities: [{ ...one, host: "h" }], update_mask: ["host"] },
    ],
  });
  expect(body).toEqual({ create: { success: ["c1"], errors: [] }, update: { success: ["c1"], errors: [] } });
  expect((await api.ask("/api/v2/connections/c1")).body.host).toBe("h");
});

test("every change is in the audit log by name and fields, and no secret is in it", async () => {
  const { body } = await api.ask("/api/v2/eventLogs?limit=100");
  const events = list(body, "event_logs");
  for (const event of events) expect(fieldProblems("EventLogResponse", event)).toEqual([]);
  const names = new Set(events.map((event) => event.event));
  for (const name of [
    "post_pool",
    "patch_pool",
    "delete_pool",
    "bulk_pools",
    "post_variable",
    "patch_variable",
    "delete_variable",
    "bulk_variables",
    "post_connection",
    "patch_connection",
    "delete_connection",
    "bulk_connections",
  ])
    expect(names).toContain(name);
  expect(JSON.stringify(body)).not.toMatch(/s3cr3t|h1dden/);
  const excluded = await api.ask(
    "/api/v2/eventLogs?included_events=post_pool&included_events=patch_pool&excluded_events=patch_pool",
  );
  expect(new Set(list(excluded.body, "event_logs").map((event) => event.event))).toEqual(new Set(["post_pool"]));
  const [first] = events;
  expect((await api.ask(`/api/v2/eventLogs/${first?.event_log_id}`)).body).toEqual(first);
  expect((await api.ask("/api/v2/eventLogs?owner=nobody")).body.total_entries).toBe(0);
  expect((await api.ask("/api/v2/eventLogs?after=2199-01-01T00:00:00Z")).body.total_entries).toBe(0);
});

test("a change that fails leaves neither a value nor an event", async () => {
  const before = (await api.ask("/api/v2/eventLogs")).body.total_entries;
  expect((await patch("/api/v2/pools/nobody", { slots: 3 })).status).toBe(404);
  expect((await post("/api/v2/variables", { key: "v2", value: 1 })).status).toBe(409);
  expect((await api.ask("/api/v2/eventLogs")).body.total_entries).toBe(before);
});
