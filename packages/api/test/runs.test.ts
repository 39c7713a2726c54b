import { parseRunId } from "@airloom/core";
import { publish, someSpec, someTask, work } from "@airloom/testkit";
import { encodeValue } from "@airloom/wire";
import { beforeAll, expect, test } from "vitest";
import { fieldProblems } from "./airflow-fields.ts";
import { list, ownApi } from "./own-api.ts";

const api = await ownApi();
const runs = "/api/v2/dags/etl/dagRuns";
const trigger = (body: object, dag = "etl") =>
  api.ask(`/api/v2/dags/${dag}/dagRuns`, { method: "POST", as: "user", body: { logical_date: null, ...body } });
const idsOf = async (query: string, path = runs) =>
  list((await api.ask(`${path}?${query}`)).body, "dag_runs").map((run) => run.dag_run_id);

beforeAll(async () => {
  const tasks = [someTask({ id: "extract" }), someTask({ id: "load", upstream: ["extract"] })];
  const schema = {
    type: "object",
    properties: { day: { type: "string", format: "date" }, size: { type: "integer" } },
    required: ["size"],
    additionalProperties: false,
  };
  await publish(api.store, someSpec({ dagId: "etl", tasks }));
  await publish(api.store, someSpec({ dagId: "with_params", params: { schema, defaults: { size: 3 } } }));
  await publish(
    api.store,
    someSpec({ dagId: "dated", needsLogicalDate: true, schedule: { kind: "delta", seconds: 3_600, interval: "data" } }),
  );
  await publish(api.store, someSpec({ dagId: "paused_dag" }), { pausedUponCreation: true });
});

test("a trigger makes a run with Airflow's fields and starts it at once", async () => {
  const { status, body } = await trigger({ conf: { a: 1 }, note: "by hand" });
  expect([status, fieldProblems("DAGRunResponse", body)]).toEqual([200, []]);
  expect(body).toMatchObject({
    state: "running",
    run_type: "manual",
    triggered_by: "rest_api",
    triggering_user_name: "the user",
    conf: { a: 1 },
    note: "by hand",
    logical_date: null,
    data_interval_start: null,
  });
  expect(parseRunId(String(body.dag_run_id))).toMatch(/^manual__/);
  expect(await work(api.runs)).toEqual(["extract", "load"]);
  const { body: after } = await api.ask(`${runs}/${body.dag_run_id}`);
  expect(after).toMatchObject({ state: "success", end_date: expect.any(String), duration: expect.any(Number) });
  const events = list(
    (await api.ask(`/api/v2/eventLogs?run_id=${encodeURIComponent(String(body.dag_run_id))}`)).body,
    "event_logs",
  );
  expect(events).toMatchObject([{ event: "trigger_dag_run", owner: "the user" }]);
});

test.each([
  ["no logical_date", { dag_run_id: "x" }, 422],
  ["a field that is not known", { logical_date: null, surprise: 1 }, 422],
  ["a date that is none", { logical_date: "tomorrow" }, 422],
  ["half an interval", { logical_date: null, data_interval_start: "2026-01-01T00:00:00Z" }, 422],
  ["an id of another type", { logical_date: null, dag_run_id: "scheduled__1" }, 422],
  ["an id with a slash", { logical_date: null, dag_run_id: "a/b" }, 422],
  ["conf that is no object", { logical_date: null, conf: [1] }, 422],
  ["a partition", { logical_date: null, partition_key: "p" }, 422],
])("a trigger with %s is refused", async (_what, body, status) => {
  const answer = await api.ask(runs, { method: "POST", body });
  expect([answer.status, Boolean(answer.body.detail)]).toEqual([status, true]);
});

test("a run id or a logical date is used once", async () => {
  expect((await trigger({ dag_run_id: "mine" })).status).toBe(200);
  const again = await trigger({ dag_run_id: "mine" });
  expect([again.status, again.body.detail]).toEqual([409, expect.stringContaining('"mine"')]);
  expect((await trigger({ logical_date: "2026-03-01T00:00:00Z" })).status).toBe(200);
  expect((await trigger({ logical_date: "2026-03-01T01:00:00+01:00" })).status).toBe(409);
});

test("conf is checked against the Dag's schema, and the answer names the param", async () => {
  expect((await trigger({ conf: { day: "2026-01-31" } }, "with_params")).status).toBe(200);
  for (const [conf, name] of [
    [{ size: "big" }, "size"],
    [{ day: "soon" }, "day"],
    [{ colour: 1 }, "colour"],
  ] as const) {
    const { status, body } = await trigger({ conf }, "with_params");
    expect([status, body.detail]).toEqual([422, expect.stringContaining(`"${name}"`)]);
  }
});

test("a Dag that reads its logical date needs one, and gets the interval of its timetable", async () => {
  const refused = await trigger({}, "dated");
  expect([refused.status, refused.body.detail]).toEqual([400, expect.stringContaining("logical_date")]);
  const { body } = await trigger({ logical_date: "2026-01-01T05:00:00" }, "dated");
  expect(body).toMatchObject({
    logical_date: "2026-01-01T05:00:00.000Z",
    data_interval_start: "2026-01-01T04:00:00.000Z",
    data_interval_end: "2026-01-01T05:00:00.000Z",
  });
  const given = { data_interval_start: "2026-01-02T00:00:00Z", data_interval_end: "2026-01-03T00:00:00Z" };
  const { body: own } = await trigger({ logical_date: "2026-01-02T00:00:00Z", ...given }, "dated");
  expect(own).toMatchObject({
    data_interval_start: "2026-01-02T00:00:00.000Z",
    data_interval_end: "2026-01-03T00:00:00.000Z",
  });
});

test("runs of a paused Dag, and of a later time, stay queued and say why", async () => {
  const paused = await trigger({}, "paused_dag");
  expect(paused.body.state).toBe("queued");
  const why = await api.ask(`/api/airloom/explain/paused_dag/${paused.body.dag_run_id}`);
  expect(why.body).toMatchObject({ code: "dag_paused", state: "queued", next: "Unpause the Dag." });
  const later = await trigger({ run_after: "2199-01-01T00:00:00Z", dag_run_id: "later" });
  expect(later.body.state).toBe("queued");
  expect((await api.ask("/api/airloom/explain/etl/later")).body.code).toBe("run_not_due");
  expect((await trigger({}, "nobody")).status).toBe(404);
});

test("lists of runs understand states, patterns, ranges, order and pages", async () => {
  await work(api.runs);
  expect(await idsOf("state=queued")).toEqual(["later"]);
  expect(await idsOf("run_id_pattern=MIN&order_by=-run_after")).toEqual(["mine"]);
  expect(await idsOf("run_id_prefix_pattern=min|lat&order_by=run_id")).toEqual(["later", "mine"]);
  expect(await idsOf("run_after_gte=2100-01-01")).toEqual(["later"]);
  expect(await idsOf("logical_date_gte=2026-02-01&logical_date_lt=2026-04-01")).toHaveLength(1);
  expect(await idsOf("conf_contains=%22a%22")).toHaveLength(1);
  expect(await idsOf("triggering_user_name_pattern=user&run_type=manual&limit=2")).toHaveLength(2);
  expect(await idsOf("state=success&dag_id_pattern=with", "/api/v2/dags/~/dagRuns")).toHaveLength(1);
  expect((await api.ask(`${runs}?state=odd`)).status).toBe(422);
  expect((await api.ask(`${runs}?order_by=colour`)).status).toBe(400);
  expect((await api.ask(`${runs}?run_after_gte=soon`)).status).toBe(422);
  expect((await api.ask("/api/v2/dags/nobody/dagRuns")).status).toBe(404);
  const first = (await api.ask(`${runs}?limit=1`)).body;
  expect([first.total_entries, list(first, "dag_runs").length]).toEqual([4, 1]);
});

test("the same is asked for by a body", async () => {
  const { status, body } = await api.ask("/api/v2/dags/~/dagRuns/list", {
    method: "POST",
    as: "viewer",
    body: {
      dag_ids: ["etl", "dated"],
      states: ["success"],
      order_by: "-run_after",
      page_limit: 2,
      run_after_lt: "2199-01-01T00:00:00Z",
    },
  });
  expect([status, list(body, "dag_runs").length]).toEqual([200, 2]);
  expect((await api.ask("/api/v2/dags/~/dagRuns/list", { method: "POST", body: { states: ["odd"] } })).status).toBe(
    422,
  );
});

test("a run is marked, gets a note, and goes; one that runs has to end first", async () => {
  await trigger({ dag_run_id: "short" });
  expect((await api.ask(`${runs}/short`, { method: "DELETE" })).status).toBe(409);
  const noted = await api.ask(`${runs}/short?update_mask=note`, {
    method: "PATCH",
    body: { state: "failed", note: "wrong" },
  });
  expect(noted.body).toMatchObject({ state: "running", note: "wrong" });
  const marked = await api.ask(`${runs}/short`, { method: "PATCH", body: { state: "failed" } });
  expect(marked.body).toMatchObject({ state: "failed", note: "wrong" });
  const states = list((await api.ask(`${runs}/short/taskInstances`)).body, "task_instances").map((one) => one.state);
  expect(states).toEqual(["skipped", "skipped"]);
  expect((await api.ask(`${runs}/short`, { method: "PATCH", body: { state: "running" } })).status).toBe(422);
  expect((await api.ask(`${runs}/short?update_mask=conf`, { method: "PATCH", body: { note: "x" } })).status).toBe(400);
  const gone = await api.ask(`${runs}/short`, { method: "DELETE" });
  expect([gone.status, gone.text]).toEqual([204, ""]);
  expect((await api.ask(`${runs}/short`)).status).toBe(404);
  const events = list((await api.ask("/api/v2/eventLogs?run_id=short&order_by=-id")).body, "event_logs").map(
    (one) => one.event,
  );
  expect(events).toEqual(["delete_dag_run", "patch_dag_run", "patch_dag_run", "trigger_dag_run"]);
});

test("a whole run is cleared: at first only in words, then really", async () => {
  await trigger({ dag_run_id: "again" });
  await work(api.runs);
  const preview = await api.ask(`${runs}/again/clear`, { method: "POST", body: {} });
  expect(list(preview.body, "task_instances").map((one) => one.task_id)).toEqual(["extract", "load"]);
  expect((await api.ask(`${runs}/again`)).body.state).toBe("success");
  const cleared = await api.ask(`${runs}/again/clear`, { method: "POST", body: { dry_run: false } });
  expect([cleared.body.state, fieldProblems("DAGRunResponse", cleared.body)]).toEqual(["queued", []]);
  expect(await work(api.runs)).toEqual(["extract", "load"]);
  expect((await api.ask(`${runs}/again/clear`, { method: "POST", body: { run_on_latest_version: true } })).status).toBe(
    400,
  );
});

test("waiting gives a line per look and ends with the run and the results asked for", async () => {
  await trigger({ dag_run_id: "awaited" });
  const waiting = api.ask(`${runs}/awaited/wait?interval=0.05&result=load&result=extract`, { as: "viewer" });
  await work(api.runs, ({ task }) =>
    task.id === "load" ? { kind: "succeeded", value: encodeValue({ rows: 3 }) } : { kind: "succeeded" },
  );
  const { status, headers, text } = await waiting;
  expect([status, headers["content-type"]]).toEqual([200, "application/x-ndjson"]);
  const lines = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as object);
  expect(lines.at(-1)).toEqual({ state: "success", results: { load: { rows: 3 }, extract: null } });
  expect((await api.ask(`${runs}/awaited/wait`)).status).toBe(422);
  expect((await api.ask(`${runs}/nobody/wait?interval=1`)).status).toBe(404);
});
