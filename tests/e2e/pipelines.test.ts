import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { type Api, apiOf, type Instance, type Run } from "../support/api-of.ts";
import { broken } from "../support/broken-invariants.ts";
import { databaseOf } from "../support/database-of.ts";
import { type RunningAirloom, runAirloom, startStandalone } from "../support/running-airloom.ts";
import { type TemporaryProject, temporaryProject } from "../support/temporary-project.ts";
import { until } from "../support/until.ts";

// A machine that is busy with other tests needs several times as long as an idle one.
vi.setConfig({ testTimeout: 150_000, hookTimeout: 150_000 });

let project: TemporaryProject;
let airloom: RunningAirloom;
let api: Api;

beforeAll(async () => {
  project = await temporaryProject({
    files: ["dags/shapes.ts", "dags/operators.ts", "dags/long.ts", "scripts/double.py"],
  });
  airloom = await startStandalone(project);
  api = await apiOf(project);
  await until("the Dags are there", async () => {
    const { total_entries } = await api.get<{ total_entries: number }>("/api/v2/dags");
    return total_entries === 7;
  });
});

afterEach(({ task }) => {
  if (task.result?.state === "fail") console.error(airloom.output().split("\n").slice(-60).join("\n"));
});

afterAll(async () => {
  await airloom?.interrupt();
  await project?.remove();
});

const states = (instances: readonly Instance[]): Readonly<Record<string, string | null>> =>
  Object.fromEntries(
    instances.map(({ task_id, map_index, state }) => [map_index < 0 ? task_id : `${task_id}[${map_index}]`, state]),
  );

test("a run triggered by REST goes through chain, mapping, branch, group, retries and skips, and values keep their types", async () => {
  const run = await api.trigger("shapes", { conf: { count: 4 } });
  expect(await api.ended(run)).toBe("success");
  const instances = await api.instances(run);
  expect(states(instances)).toEqual({
    list: "success",
    "square[0]": "success",
    "square[1]": "success",
    "square[2]": "success",
    "square[3]": "success",
    sum: "success",
    by_size: "success",
    big: "success",
    small: "skipped",
    at_last: "success",
    "inside.start": "success",
    "inside.third": "success",
    skipped: "skipped",
    after_skipped: "skipped",
  });
  expect(await api.xcom(run, "list")).toEqual([1, 2, 3, 4]);
  expect(await api.xcom(run, "square", 3)).toBe(16);
  expect(await api.xcom(run, "sum")).toMatchObject({ total: 30, at: "2026-01-02T03:04:05.678Z" });
  expect(instances.find(({ task_id }) => task_id === "inside.third")?.try_number).toBe(3);
  expect(await api.log(run, "inside.third", 1)).toContain("try 1");
  expect(await api.log(run, "inside.third", 3)).toEqual(expect.arrayContaining(["try 3"]));
  const day = await api.trigger("dates");
  expect(await api.ended(day)).toBe("success");
  expect(await api.xcom(day, "day_of")).toBe("true 2026-03-04");
});

test("a run triggered by the command line is followed to its end, and the exit code tells a failed one", async () => {
  const good = await runAirloom(project, ["dags", "trigger", "shapes", "--conf", '{"count": 1}', "--wait", "--json"]);
  expect(good).toMatchObject({ code: 0 });
  const bad = await runAirloom(project, ["dags", "trigger", "failing", "--wait"]);
  expect(bad).toMatchObject({ code: 1 });
  const { dag_runs } = await api.get<{ dag_runs: Run[] }>("/api/v2/dags/failing/dagRuns");
  expect(states(await api.instances(dag_runs[0] as Run))).toEqual({ broken: "failed", never: "upstream_failed" });
  const state = await runAirloom(project, ["dags", "state", "failing", "latest"]);
  expect(state.output.trim()).toBe("failed");
});

test("bash, python and sql run beside each other, log what they print, and hand over typed values", async () => {
  const socket = decodeURIComponent((await databaseOf(project)).split("host=")[1] ?? "");
  const where = ["--conn-host", socket, "--conn-login", "postgres", "--conn-schema", "airloom"];
  const created = await runAirloom(project, ["connections", "add", "warehouse", "--conn-type", "postgres", ...where]);
  expect(created).toMatchObject({ code: 0 });
  const run = await api.trigger("operators");
  expect(await api.ended(run)).toBe("success");
  expect(await api.xcom(run, "report")).toBe("HELLO 2+4+6 1+2+3");
  expect(await api.log(run, "word")).toEqual(expect.arrayContaining(["on the way", "HELLO"]));
  expect(await api.log(run, "doubled")).toContain("doubling 3");
});

test("a running task's log can be read while it runs", async () => {
  const path = project.path("go-on");
  const run = await api.trigger("waits", { conf: { path } });
  await until("the task has told that it waits", async () => (await api.log(run, "held")).includes("waiting"));
  expect(states(await api.instances(run))).toMatchObject({ held: "running", after: null });
  project.write("go-on", "");
  expect(await api.ended(run)).toBe("success");
  expect(await api.log(run, "held")).toContain("let go");
});

test("a pool of two slots never holds more than two", async () => {
  await api.send("POST", "/api/v2/pools", { name: "narrow", slots: 2, include_deferred: false });
  const run = await api.trigger("pooled");
  expect(await api.ended(run)).toBe("success");
  const spans = (await api.instances(run)).map(({ start_date, end_date }) => ({
    from: Date.parse(start_date ?? ""),
    to: Date.parse(end_date ?? ""),
  }));
  const atOnce = spans.map(({ from }) => spans.filter((span) => span.from <= from && from < span.to).length);
  expect(spans).toHaveLength(12);
  expect(Math.max(...atOnce)).toBeLessThanOrEqual(2);
});

test("a paused Dag starts nothing, and goes on when it is unpaused", async () => {
  expect(await runAirloom(project, ["dags", "pause", "dates"])).toMatchObject({ code: 0 });
  const run = await api.trigger("dates");
  const other = await api.trigger("shapes", { conf: { count: 1 } });
  expect(await api.ended(other)).toBe("success");
  expect((await api.run("dates", run.dag_run_id)).state).toBe("queued");
  expect(await runAirloom(project, ["dags", "unpause", "dates"])).toMatchObject({ code: 0 });
  expect(await api.ended(run)).toBe("success");
});

test("a schedule makes runs by itself, each tick once and in order", async () => {
  const path = "/api/v2/dags/ticking/dagRuns?order_by=logical_date";
  expect((await api.get<{ total_entries: number }>(path)).total_entries).toBe(0);
  await api.send("PATCH", "/api/v2/dags/ticking", { is_paused: false });
  const runs = await until("three runs have ended", async () => {
    const { dag_runs } = await api.get<{ dag_runs: Run[] }>(path);
    return dag_runs.filter(({ state }) => state === "success").length >= 3 ? dag_runs : null;
  });
  await api.send("PATCH", "/api/v2/dags/ticking", { is_paused: true });
  const at = runs.map(({ logical_date }) => Date.parse(logical_date ?? ""));
  expect(at.slice(1).map((time, index) => time - (at[index] ?? 0))).toEqual(at.slice(1).map(() => 1_000));
  expect(new Set(runs.map(({ run_type }) => run_type))).toEqual(new Set(["scheduled"]));
});

test("clearing runs tasks again, and marking decides without running", async () => {
  const run = await api.trigger("failing");
  expect(await api.ended(run)).toBe("failed");
  const path = `/api/v2/dags/failing/dagRuns/${run.dag_run_id}/taskInstances/broken`;
  await api.send("PATCH", path, { new_state: "success", include_downstream: false });
  await api.send("POST", "/api/v2/dags/failing/clearTaskInstances", {
    dry_run: false,
    dag_run_id: run.dag_run_id,
    task_ids: ["never"],
    only_failed: false,
  });
  expect(await api.ended(run)).toBe("success");
  expect(states(await api.instances(run))).toEqual({ broken: "success", never: "success" });
  const cleared = await api.trigger("dates");
  expect(await api.ended(cleared)).toBe("success");
  await api.send("POST", "/api/v2/dags/dates/clearTaskInstances", {
    dry_run: false,
    dag_run_id: cleared.dag_run_id,
    only_failed: false,
  });
  expect(await api.ended(cleared)).toBe("success");
  expect((await api.instances(cleared)).map(({ try_number }) => try_number)).toEqual([2, 2]);
});

test("clearing a running task ends it first, and it runs again", async () => {
  const path = project.path("go-on-then");
  const run = await api.trigger("waits", { conf: { path } });
  const before = await until("the task runs", async () =>
    (await api.instances(run)).find(({ task_id, state }) => task_id === "held" && state === "running"),
  );
  await api.send("POST", "/api/v2/dags/waits/clearTaskInstances", {
    dry_run: false,
    dag_run_id: run.dag_run_id,
    task_ids: ["held"],
    only_failed: false,
  });
  await until("it runs as its second try", async () =>
    (await api.instances(run)).some(({ state, try_number }) => state === "running" && try_number > before.try_number),
  );
  project.write("go-on-then", "");
  expect(await api.ended(run)).toBe("success");
});

test("after all of that the database holds what it must", async () => {
  await until("nothing runs", async () => {
    const { total_entries } = await api.get<{ total_entries: number }>(
      "/api/v2/dags/~/dagRuns?state=running&state=queued",
    );
    return total_entries === 0;
  });
  expect(await broken(await databaseOf(project))).toEqual([]);
});
