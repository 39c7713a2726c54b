import { hashPassword } from "@airloom/api";
import { expect, test } from "vitest";
import { permits } from "../src/auth/permissions.ts";
import { describeApi } from "../src/describe-api.ts";
import { restRoutes } from "../src/rest/rest-routes.ts";
import { list, ownApi } from "./own-api.ts";

const api = await ownApi();
const routes = restRoutes(api.deps);
const filled = (path: string): string =>
  path
    .replaceAll(/\{(map_index|\w*number|\w*_id_number|import_error_id|event_log_id)\}/g, "1")
    .replaceAll(/\{\w+\}/g, "any");

/** What needs no login: to log in, to see whether it lives, and how to ask. */
const open = new Set([
  "POST /auth/token",
  "POST /auth/token/cli",
  "GET /api/v2/monitor/health",
  "GET /api/v2/version",
  "GET /",
  "GET /openapi.json",
]);

test("only the routes of the allow-list are open to anybody", () => {
  const anyone = routes.filter((route) => route.can === "anyone").map(({ method, path }) => `${method} ${path}`);
  expect(new Set(anyone)).toEqual(open);
});

test.each(routes.filter((route) => route.can !== "anyone").map((route) => [route.method, route.path] as const))(
  "%s %s answers 401 to nobody and to a forged token",
  async (method, path) => {
    expect((await api.ask(filled(path), { method, as: null })).status).toBe(401);
    const forged = await api.app.inject({ method, url: filled(path), headers: { authorization: "Bearer a.b.c" } });
    expect(forged.statusCode).toBe(401);
    const worker = await api.app.inject({
      method,
      url: filled(path),
      headers: { authorization: "Bearer workers-token" },
    });
    expect(worker.statusCode).toBe(403);
  },
);

test.each(routes.filter((route) => route.can !== "anyone").map((route) => [route.method, route.path, route] as const))(
  "%s %s is refused to every role that lacks its right",
  async (method, path, { can }) => {
    for (const role of ["viewer", "user", "op", "admin"] as const) {
      if (can === "anyone" || permits({ name: role, role }, can)) continue;
      expect((await api.ask(filled(path), { method, as: role })).status).toBe(403);
    }
  },
);

test("what changes something is closed to viewers", () => {
  const reading = new Set([
    "POST /api/v2/dags/{dag_id}/dagRuns/list",
    "POST /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/list",
  ]);
  const changing = routes.filter(
    (route) => route.method !== "GET" && route.can !== "anyone" && !reading.has(`${route.method} ${route.path}`),
  );
  expect(changing.length).toBeGreaterThan(20);
  for (const { can, path } of changing)
    expect([path, can === "anyone" || permits({ name: "v", role: "viewer" }, can)]).toEqual([path, false]);
});

test("every body refuses fields that it does not know", async () => {
  for (const { method, path } of routes.filter((route) => route.body)) {
    const { status, body } = await api.ask(filled(path), { method, body: { surprise: 1 } });
    expect([path, status]).toEqual([path, 422]);
    expect([path, list(body, "detail").length > 0]).toEqual([path, true]);
  }
});

test("no two routes share method and path, and each says what it is in a few words", () => {
  const names = routes.map(({ method, path }) => `${method} ${path.replaceAll(/\{\w+\}/g, "{}")}`);
  expect(names.length).toBe(new Set(names).size);
  for (const { summary } of routes) expect(summary).toMatch(/^[A-Z].{2,80}$/);
});

test("the front page and the description of the API are there for anybody", async () => {
  const page = await api.ask("/", { as: null });
  expect(page.status).toBe(200);
  expect(page.headers["content-security-policy"]).toContain("default-src 'self'");
  expect(page.text).not.toMatch(/<script|style=|onclick/i);
  const { body } = await api.ask("/openapi.json", { as: null });
  expect(body.openapi).toBe("3.1.0");
  expect(body.paths).toEqual(JSON.parse(JSON.stringify(describeApi().paths)));
  const ids = Object.values(body.paths as object).flatMap((path: object) =>
    Object.values(path).map((operation: { readonly operationId: string }) => operation.operationId),
  );
  expect([ids.length, new Set(ids).size]).toEqual([routes.length, routes.length]);
});

test("a person logs in with name and password, and the token opens what their role may", async () => {
  const passwordHash = await hashPassword("correct horse");
  await api.store.tx((tx) => tx.putUser({ username: "ann", passwordHash, role: "viewer" }));
  const login = (password: string) =>
    api.ask("/auth/token", { method: "POST", as: null, body: { username: "ann", password } });
  expect((await login("wrong")).status).toBe(401);
  const { status, body } = await login("correct horse");
  expect(status).toBe(201);
  const headers = { authorization: `Bearer ${body.access_token}` };
  expect((await api.app.inject({ url: "/api/v2/dags", headers })).statusCode).toBe(200);
  expect((await api.app.inject({ url: "/api/v2/variables", headers })).statusCode).toBe(403);
});

test("errors have Airflow's shape under /api/v2 and are problem documents elsewhere", async () => {
  const airflow = await api.ask("/api/v2/dags/nobody");
  expect([airflow.status, Object.keys(airflow.body)]).toEqual([404, ["detail"]]);
  const own = await api.ask("/api/airloom/explain/nobody");
  expect(own.status).toBe(404);
  expect(own.body).toMatchObject({ type: "urn:airloom:error:NOT_FOUND", status: 404, code: "NOT_FOUND" });
});

test("lists answer as the description of the API says", async () => {
  await api.ask("/api/v2/variables", { method: "POST", body: { key: "shape", value: [1] } });
  await api.ask("/api/v2/connections", {
    method: "POST",
    body: { connection_id: "shape", conn_type: "http", extra: "{}" },
  });
  const described = routes.filter(({ method, path, answer }) => method === "GET" && answer && !path.includes("{"));
  expect(described.length).toBeGreaterThan(2);
  for (const { path, answer } of described) {
    const { body } = await api.ask(path);
    expect([path, answer?.safeParse(body).error?.issues]).toEqual([path, undefined]);
    expect(body.total_entries).toBeGreaterThan(0);
  }
});
