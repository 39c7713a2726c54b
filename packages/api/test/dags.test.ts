import { publish, someRun, someSpec, someTask } from "@airloom/testkit";
import { beforeAll, expect, test } from "vitest";
import { versionsOf } from "../src/rest/find.ts";
import { fieldProblems } from "./airflow-fields.ts";
import { list, ownApi } from "./own-api.ts";

const api = await ownApi();
const ids = async (query: string) =>
  list((await api.ask(`/api/v2/dags?${query}`)).body, "dags").map((dag) => dag.dag_id);

beforeAll(async () => {
  await publish(
    api.store,
    someSpec({
      dagId: "orders_daily",
      displayName: "Orders",
      tags: ["sales", "daily"],
      owners: ["ann"],
      tasks: [
        someTask({ id: "load", pool: "warehouse" }),
        someTask({ id: "sum", upstream: ["load"], retries: 2, executionTimeoutSeconds: 90.5 }),
      ],
      schedule: { kind: "cron", expressions: ["0 6 * * *"], timezone: "Europe/London", interval: "point" },
      params: {
        schema: { type: "object", properties: { day: { type: "string", description: "which" } } },
        defaults: { day: "today" },
      },
      runTimeoutSeconds: 60,
    }),
  );
  await publish(api.store, someSpec({ dagId: "orders_hourly", tags: ["sales"] }), { pausedUponCreation: true });
  const stock = await publish(api.store, someSpec({ dagId: "stock", owners: ["bob"] }));
  await someRun(api.store, { dag: stock, state: "failed" });
  await someRun(api.store, { dag: stock, state: "success", runAfter: new Date("2021-01-01T00:00:00Z") });
  await api.store.tx((tx) =>
    tx.putDagFile({
      file: "dags/orders_daily.ts",
      sourceHash: "h",
      artifactId: "a",
      source: "export default 1;\n",
      seconds: 0.25,
    }),
  );
  await api.store.tx((tx) =>
    tx.putImportError({
      file: "dags/broken.ts",
      sourceHash: "h",
      error: { kind: "throw", message: "boom", location: "dags/broken.ts:3:1", stack: "at f", hint: "mend it" },
    }),
  );
});

test("Dags have Airflow's fields, in lists, alone and in detail", async () => {
  const [listed] = list((await api.ask("/api/v2/dags")).body, "dags");
  expect(fieldProblems("DAGResponse", listed ?? {})).toEqual([]);
  const one = await api.ask("/api/v2/dags/orders_daily");
  expect(fieldProblems("DAGResponse", one.body)).toEqual([]);
  expect(one.body).toMatchObject({
    dag_display_name: "Orders",
    owners: ["ann"],
    last_parse_duration: 0.25,
    timetable_periodic: true,
    relative_fileloc: "dags/orders_daily.ts",
  });
  const details = await api.ask("/api/v2/dags/orders_daily/details");
  expect(fieldProblems("DAGDetailsResponse", details.body)).toEqual([]);
  expect(details.body).toMatchObject({
    timezone: "Europe/London",
    dag_run_timeout: "PT60S",
    params: { day: { value: "today", description: "which" } },
  });
  expect((await api.ask("/api/v2/dags/nobody/details")).status).toBe(404);
});

test.each([
  ["tags=sales", ["orders_daily", "orders_hourly"]],
  ["tags=sales&tags=daily", ["orders_daily", "orders_hourly"]],
  ["tags=sales&tags=daily&tags_match_mode=all", ["orders_daily"]],
  ["owners=bob", ["stock"]],
  ["paused=true", ["orders_hourly"]],
  ["paused=false&order_by=-dag_id", ["stock", "orders_daily"]],
  ["dag_id_pattern=ORDERS", ["orders_daily", "orders_hourly"]],
  ["dag_id_pattern=orders%25ly|sto_k", ["orders_daily", "orders_hourly", "stock"]],
  ["dag_id_pattern=~", ["orders_daily", "orders_hourly", "stock"]],
  ["dag_id_prefix_pattern=orders_", ["orders_daily", "orders_hourly"]],
  ["dag_id_prefix_pattern=Orders", []],
  ["dag_display_name_pattern=Orders", ["orders_hourly", "orders_daily"].sort()],
  ["last_dag_run_state=success", ["stock"]],
  ["last_dag_run_state=failed", []],
  ["dag_run_state=failed", ["stock"]],
  ["has_import_errors=true", []],
  ["limit=1&offset=1", ["orders_hourly"]],
])("a list of Dags understands %s", async (query, expected) => {
  expect(await ids(query)).toEqual(expected);
});

test("a page says how many there are in all, and is 100 long at most", async () => {
  expect((await api.ask("/api/v2/dags?limit=1")).body.total_entries).toBe(3);
  expect((await api.ask("/api/v2/dags?limit=100000")).status).toBe(200);
  expect((await api.ask("/api/v2/dags?limit=-1")).status).toBe(422);
  expect((await api.ask("/api/v2/dags?order_by=colour")).status).toBe(400);
  expect((await api.ask("/api/v2/dags?last_dag_run_state=odd")).status).toBe(422);
});

test("text that no database can hold is refused as input, not answered as a fault", async () => {
  for (const url of ["/api/v2/dags?dag_id_pattern=%00", "/api/v2/dags/a%00b", "/api/v2/dags?tags=%00"])
    expect([url, (await api.ask(url)).status]).toEqual([url, 422]);
  const long = "x".repeat(251);
  expect((await api.ask(`/api/v2/dags/${long}`)).status).toBe(422);
  expect((await api.ask("/api/v2/dags?dag_id_pattern=%25%27%3B drop table dag;--")).body.total_entries).toBe(0);
});

test("unpausing plans the next run anew, is written down, and is told to the scheduler", async () => {
  const dag = await publish(
    api.store,
    someSpec({ dagId: "planned", schedule: { kind: "delta", seconds: 3_600, interval: "data" } }),
    { pausedUponCreation: true },
  );
  expect(dag.nextRun).toBeNull();
  const { promise, resolve } = deferred();
  const off = api.store.onHint("dags", resolve);
  const patched = await api.ask("/api/v2/dags/planned?update_mask=is_paused", {
    method: "PATCH",
    as: "user",
    body: { is_paused: false },
  });
  await promise;
  off();
  expect(patched.body).toMatchObject({ is_paused: false, next_dagrun_run_after: expect.any(String) });
  const events = list((await api.ask("/api/v2/eventLogs?dag_id=planned")).body, "event_logs");
  expect(events).toMatchObject([{ event: "patch_dag", owner: "the user", extra: '{"is_paused":false}' }]);
  expect(api.runs.events).toContainEqual({ event: "dag:unpaused", dagId: "planned", reason: "by the user" });
  expect(
    (await api.ask("/api/v2/dags/planned?update_mask=tags", { method: "PATCH", body: { is_paused: true } })).status,
  ).toBe(400);
  await api.ask("/api/v2/dags/planned", { method: "DELETE" });
});

test("many Dags are paused by what they have in common", async () => {
  const answer = await api.ask("/api/v2/dags?tags=sales", { method: "PATCH", body: { is_paused: true } });
  expect(list(answer.body, "dags").map((dag) => dag.is_paused)).toEqual([true, true]);
  expect(await ids("paused=true")).toEqual(["orders_daily", "orders_hourly"]);
  await api.ask("/api/v2/dags?dag_id_pattern=orders_daily", { method: "PATCH", body: { is_paused: false } });
  expect(await ids("paused=true")).toEqual(["orders_hourly"]);
});

test("a Dag goes with its runs, unless one is running", async () => {
  const dag = await publish(api.store, someSpec({ dagId: "doomed" }));
  await someRun(api.store, { dag, state: "success" });
  const running = await someRun(api.store, { dag, state: "running" });
  expect((await api.ask("/api/v2/dags/doomed", { method: "DELETE" })).status).toBe(409);
  await api.store.tx((tx) => tx.moveRun({ runKey: running.id, from: "running", to: "failed" }));
  expect((await api.ask("/api/v2/dags/doomed", { method: "DELETE" })).status).toBe(200);
  expect((await api.ask("/api/v2/dags/doomed")).status).toBe(404);
  expect((await api.ask("/api/v2/dags/doomed", { method: "DELETE" })).status).toBe(404);
});

test("tasks of a Dag have Airflow's fields and know what follows them", async () => {
  const { body } = await api.ask("/api/v2/dags/orders_daily/tasks?order_by=-task_id");
  const tasks = list(body, "tasks");
  expect(tasks.map((task) => task.task_id)).toEqual(["sum", "load"]);
  for (const task of tasks) expect(fieldProblems("TaskResponse", task)).toEqual([]);
  const { body: load } = await api.ask("/api/v2/dags/orders_daily/tasks/load");
  expect(load.downstream_task_ids).toEqual(["sum"]);
  expect(tasks[0]?.execution_timeout).toEqual({ __type: "TimeDelta", days: 0, seconds: 90, microseconds: 500_000 });
  expect((await api.ask("/api/v2/dags/orders_daily/tasks/none")).status).toBe(404);
  expect((await api.ask("/api/v2/dags/orders_daily/tasks?order_by=colour")).status).toBe(400);
});

test("tags, figures, versions and the source can be read", async () => {
  expect((await api.ask("/api/v2/dagTags")).body).toEqual({ tags: ["daily", "sales"], total_entries: 2 });
  expect((await api.ask("/api/v2/dagTags?tag_name_pattern=dai")).body.tags).toEqual(["daily"]);
  const [stats] = list((await api.ask("/api/v2/dagStats?dag_ids=stock")).body, "dags");
  expect(fieldProblems("DagStatsResponse", stats ?? {})).toEqual([]);
  expect(stats?.stats).toEqual([
    { state: "queued", count: 0 },
    { state: "running", count: 0 },
    { state: "success", count: 1 },
    { state: "failed", count: 1 },
  ]);
  const versions = await api.ask("/api/v2/dags/stock/dagVersions");
  expect(fieldProblems("DagVersionResponse", list(versions.body, "dag_versions")[0] ?? {})).toEqual([]);
  expect((await api.ask("/api/v2/dags/stock/dagVersions/1")).body.version_number).toBe(1);
  expect((await api.ask("/api/v2/dags/stock/dagVersions/9")).status).toBe(404);
  const source = await api.ask("/api/v2/dagSources/orders_daily");
  expect(fieldProblems("DAGSourceResponse", source.body)).toEqual([]);
  expect(source.body.content).toBe("export default 1;\n");
  expect((await api.ask("/api/v2/dagSources/orders_daily", { accept: "text/plain" })).text).toBe("export default 1;\n");
  expect((await api.ask("/api/v2/dagSources/orders_daily", { accept: "image/png" })).status).toBe(406);
  expect((await api.ask("/api/v2/dagSources/orders_daily?version_number=7")).status).toBe(404);
});

test("what did not load is listed with its place and hint; pools that do not exist are warned about", async () => {
  const [error] = list((await api.ask("/api/v2/importErrors?filename_pattern=broken")).body, "import_errors");
  expect(fieldProblems("ImportErrorResponse", error ?? {})).toEqual([]);
  expect(error?.stack_trace).toBe("boom\nat dags/broken.ts:3:1\nat f\nHint: mend it");
  expect((await api.ask(`/api/v2/importErrors/${error?.import_error_id}`)).body).toEqual(error);
  expect((await api.ask("/api/v2/importErrors/999")).status).toBe(404);
  const [warning, ...more] = list((await api.ask("/api/v2/dagWarnings")).body, "dag_warnings");
  expect(more).toEqual([]);
  expect(fieldProblems("DAGWarningResponse", warning ?? {})).toEqual([]);
  expect(warning).toMatchObject({ dag_id: "orders_daily", warning_type: "non-existent pool" });
});

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

test("a list leaves out the Spec of a Dag that was deleted since it was listed", async () => {
  const own = await ownApi();
  await publish(own.store, someSpec({ dagId: "gone" }));
  await publish(own.store, someSpec({ dagId: "stays" }));
  const { rows } = await own.deps.reads.listDags({ where: [], orderBy: [], limit: 10, offset: 0 });
  expect((await own.ask("/api/v2/dags/gone", { method: "DELETE" })).status).toBe(200);
  const versions = await versionsOf(
    own.deps,
    rows.map((dag) => dag.versionId),
  );
  expect(rows.map((dag) => versions.get(dag.versionId)?.graph.spec.dagId)).toEqual([undefined, "stays"]);
});
