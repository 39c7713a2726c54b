import { claim, endAttempts } from "@airloom/runs";
import { publish, someClaim, someSpec, someTask, type Work, work } from "@airloom/testkit";
import { encodeValue } from "@airloom/wire";
import { beforeAll, beforeEach, expect, test } from "vitest";
import { fieldProblems } from "./airflow-fields.ts";
import { type Answer, list, ownApi } from "./own-api.ts";

const api = await ownApi();
let runNumber = 0;
let run = "";
let at = "";

const failing =
  (...ids: readonly string[]): Work =>
  ({ task }) =>
    ids.includes(task.id)
      ? {
          kind: "failed",
          retry: false,
          failure: { kind: "error", name: "TypeError", message: "no such column" },
          fingerprint: "f",
        }
      : { kind: "succeeded", ...(task.id === "list" ? { value: encodeValue([1, 2, 3]), length: 3 } : {}) };

const statesIn = async (path = at): Promise<Record<string, unknown>> => {
  const rows = list((await api.ask(`${path}?limit=100`)).body, "task_instances");
  return Object.fromEntries(
    rows.map((row) => [Number(row.map_index) < 0 ? row.task_id : `${row.task_id}[${row.map_index}]`, row.state]),
  );
};
const namesOf = (body: Answer) => list(body, "task_instances").map((row) => row.task_id);

beforeAll(async () => {
  await publish(
    api.store,
    someSpec({
      dagId: "chain",
      displayName: "A chain",
      tasks: [
        someTask({ id: "a", displayName: "First", pool: "default_pool" }),
        someTask({ id: "b", upstream: ["a"], retries: 1, retryDelaySeconds: 0 }),
        someTask({ id: "g.c", group: "g", upstream: ["b"] }),
      ],
      groups: [{ id: "g", displayName: "g", tooltip: null, parent: null }],
    }),
  );
  await publish(
    api.store,
    someSpec({
      dagId: "mapped",
      tasks: [
        someTask({ id: "list", elementwise: true }),
        someTask({ id: "each", upstream: ["list"], mapped: true, args: [{ kind: "xcom", task: "list" }] }),
      ],
    }),
  );
});

beforeEach(async () => {
  runNumber += 1;
  run = `run_${runNumber}`;
  at = `/api/v2/dags/chain/dagRuns/${run}/taskInstances`;
  await api.ask("/api/v2/dags/chain/dagRuns", { method: "POST", body: { logical_date: null, dag_run_id: run } });
});

test("instances have Airflow's fields, in lists and alone, and null as a state before anything is decided", async () => {
  const { body } = await api.ask(at);
  for (const row of list(body, "task_instances")) expect(fieldProblems("TaskInstanceResponse", row)).toEqual([]);
  expect(await statesIn()).toEqual({ a: "queued", b: null, "g.c": null });
  const one = await api.ask(`${at}/a`);
  expect(fieldProblems("TaskInstanceResponse", one.body)).toEqual([]);
  expect(one.body).toMatchObject({
    task_display_name: "First",
    dag_display_name: "A chain",
    dag_run_id: run,
    map_index: -1,
    try_number: 1,
  });
  expect((await api.ask(`${at}/nobody`)).status).toBe(404);
  expect((await api.ask(`/api/v2/dags/chain/dagRuns/nobody/taskInstances`)).status).toBe(404);
  await work(api.runs);
});

test("lists understand states, groups, wildcards, pools, pages and bodies", async () => {
  await work(api.runs, failing("b"));
  expect(namesOf((await api.ask(`${at}?state=failed&state=upstream_failed`)).body)).toEqual(["b", "g.c"]);
  expect(namesOf((await api.ask(`${at}?task_group_id=g`)).body)).toEqual(["g.c"]);
  expect(namesOf((await api.ask(`${at}?task_display_name_pattern=%25c`)).body)).toEqual(["g.c"]);
  expect(namesOf((await api.ask(`${at}?order_by=-task_id&limit=2&offset=1`)).body)).toEqual(["b", "a"]);
  expect(namesOf((await api.ask(`${at}?pool=other`)).body)).toEqual([]);
  expect((await api.ask(`${at}?state=odd`)).status).toBe(422);
  expect((await api.ask(`${at}?order_by=colour`)).status).toBe(400);
  const everywhere = await api.ask(`/api/v2/dags/~/dagRuns/~/taskInstances?task_id=b&run_id_pattern=${run}`);
  expect(namesOf(everywhere.body)).toEqual(["b"]);
  const batch = await api.ask("/api/v2/dags/~/dagRuns/~/taskInstances/list", {
    method: "POST",
    body: { dag_ids: ["chain"], dag_run_ids: [run], state: ["success"], order_by: "task_id" },
  });
  expect(namesOf(batch.body)).toEqual(["a"]);
});

test("state none finds what nobody has decided about", async () => {
  expect(namesOf((await api.ask(`${at}?state=none`)).body)).toEqual(["b", "g.c"]);
  const batch = await api.ask(`${at}/list`, { method: "POST", body: { state: [null] } });
  expect(namesOf(batch.body)).toEqual(["b", "g.c"]);
  await work(api.runs);
});

test("failed tasks are cleared with what follows them: at first only in words", async () => {
  await work(api.runs, failing("b"));
  const clear = (body: object) =>
    api.ask("/api/v2/dags/chain/clearTaskInstances", {
      method: "POST",
      as: "user",
      body: { dag_run_id: run, ...body },
    });
  const preview = await clear({});
  expect(namesOf(preview.body)).toEqual(["b", "g.c"]);
  expect(await statesIn()).toEqual({ a: "success", b: "failed", "g.c": "upstream_failed" });
  expect((await clear({ task_ids: ["nobody"] })).status).toBe(404);
  expect((await clear({ reset_dag_runs: false })).status).toBe(400);
  const cleared = await clear({ dry_run: false, task_ids: ["b"], include_downstream: true, note: "again" });
  expect(list(cleared.body, "task_instances").map((row) => [row.task_id, row.note])).toEqual([
    ["b", "again"],
    ["g.c", "again"],
  ]);
  expect(await work(api.runs)).toEqual(["b", "g.c"]);
  expect(await statesIn()).toEqual({ a: "success", b: "success", "g.c": "success" });
  const [event] = list(
    (await api.ask(`/api/v2/eventLogs?run_id=${run}&event=post_clear_task_instances`)).body,
    "event_logs",
  );
  expect(JSON.parse(String(event?.extra))).toMatchObject({ task_ids: ["b"], include_downstream: true });
});

test("what runs can be kept from being cleared; else it restarts once its attempt has ended", async () => {
  const [claimed] = await claim(api.runs.deps, someClaim({ workerId: "w1" }));
  expect(claimed?.instance).toMatchObject({ taskId: "a", state: "running" });
  const clear = (body: object) =>
    api.ask("/api/v2/dags/chain/clearTaskInstances", {
      method: "POST",
      body: { dag_run_id: run, only_failed: false, dry_run: false, ...body },
    });
  const refused = await clear({ prevent_running_task: true });
  expect([refused.status, refused.body.detail]).toEqual([409, expect.stringContaining("a is running")]);
  expect((await statesIn()).a).toBe("running");
  await clear({});
  expect((await statesIn()).a).toBe("restarting");
  const why = await api.ask(`/api/airloom/explain/chain/${run}/a`);
  expect(why.body.code).toBe("earlier_attempt_ending");
  const { id, attempt, tokenHash } = claimed?.instance ?? {};
  await endAttempts(api.runs.deps, [
    { taskInstanceId: String(id), attempt: Number(attempt), tokenHash: String(tokenHash) },
  ]);
  expect(await work(api.runs)).toEqual(["a", "b", "g.c"]);
});

test("marking goes through, says what it did, and lets the run go on", async () => {
  await work(api.runs, failing("b"));
  const preview = await api.ask(`${at}/b/dry_run`, { method: "PATCH", body: { new_state: "success" } });
  expect(namesOf(preview.body)).toEqual(["b", "g.c"]);
  expect((await statesIn()).b).toBe("failed");
  const marked = await api.ask(`${at}/b`, {
    method: "PATCH",
    as: "user",
    body: { new_state: "success", note: "it was right" },
  });
  expect(marked.status).toBe(200);
  expect(await work(api.runs)).toEqual(["g.c"]);
  expect((await api.ask(`${at}/b`)).body).toMatchObject({ state: "success", note: "it was right" });
  const again = await api.ask(`${at}/b`, { method: "PATCH", body: { new_state: "success" } });
  expect(again.status).toBe(409);
  expect((await api.ask(`${at}/b`, { method: "PATCH", body: { new_state: "running" } })).status).toBe(422);
  expect((await api.ask(`${at}/nobody`, { method: "PATCH", body: { new_state: "success" } })).status).toBe(404);
  const note = await api.ask(`${at}/b?update_mask=note`, {
    method: "PATCH",
    body: { note: null, new_state: "failed" },
  });
  expect(list(note.body, "task_instances")).toMatchObject([{ task_id: "b", note: null, state: "success" }]);
});

test("a group is marked as one", async () => {
  const path = `/api/v2/dags/chain/dagRuns/${run}/taskGroupInstances/g`;
  expect(namesOf((await api.ask(path, { method: "PATCH", body: { new_state: "skipped" } })).body)).toEqual(["g.c"]);
  expect((await api.ask(path.replace(/g$/, "none"), { method: "PATCH", body: { new_state: "skipped" } })).status).toBe(
    404,
  );
  await work(api.runs);
});

test("tries tell one from another, with what became of each", async () => {
  const outcome = failing("b");
  await work(api.runs, (claimed) =>
    claimed.instance.tryNumber === 1
      ? ({ ...outcome(claimed), ...(claimed.task.id === "b" ? { retry: true } : {}) } as ReturnType<Work>)
      : { kind: "succeeded" },
  );
  const { body } = await api.ask(`${at}/b/tries`);
  for (const row of list(body, "task_instances")) expect(fieldProblems("TaskInstanceHistoryResponse", row)).toEqual([]);
  expect(list(body, "task_instances").map((row) => [row.try_number, row.state])).toEqual([
    [1, "failed"],
    [2, "success"],
  ]);
  expect((await api.ask(`${at}/b/tries/1`)).body.state).toBe("failed");
  expect((await api.ask(`${at}/b/tries/7`)).status).toBe(404);
});

test("a try's log comes as JSON, as lines, as text, and in pages", async () => {
  const record = (attempt: number, seq: number, msg: string) => ({
    attempt,
    seq,
    ts: 1_700_000_000_000 + seq,
    level: "info",
    source: "task",
    msg,
    fields: seq === 0 ? { rows: 3 } : null,
    group: null,
  });
  await work(api.runs);
  const { body: one } = await api.ask(`${at}/a`);
  await api.store.tx((tx) =>
    tx.appendLogs(
      String(one.id),
      Array.from({ length: 1_200 }, (_, seq) => record(1, seq, `line ${seq}`)),
    ),
  );
  const page = await api.ask(`${at}/a/logs/1`);
  expect(list(page.body, "content")[0]).toEqual({
    timestamp: "2023-11-14T22:13:20.000Z",
    event: "line 0",
    level: "info",
    logger: "task",
    rows: 3,
  });
  expect(list(page.body, "content")).toHaveLength(1_000);
  const rest = await api.ask(`${at}/a/logs/1?token=${page.body.continuation_token}`);
  expect([
    list(rest.body, "content")[0]?.event,
    list(rest.body, "content").length,
    rest.body.continuation_token,
  ]).toEqual(["line 1000", 200, null]);
  expect(list((await api.ask(`${at}/a/logs/1?full_content=true`)).body, "content")).toHaveLength(1_200);
  const text = await api.ask(`${at}/a/logs/1`, { accept: "text/plain" });
  expect(text.text.split("\n")[1]).toBe("[2023-11-14T22:13:20.001Z] {task} INFO - line 1");
  const lines = await api.ask(`${at}/a/logs/1`, { accept: "application/x-ndjson" });
  expect(JSON.parse(lines.text.split("\n")[1_199] ?? "")).toMatchObject({ event: "line 1199" });
  expect((await api.ask(`${at}/a/logs/9`)).status).toBe(404);
  expect((await api.ask(`${at}/a/logs/1?token=junk`)).status).toBe(400);
  expect((await api.ask(`${at}/a/logs/1`, { accept: "image/png" })).status).toBe(406);
  expect((await api.ask(`${at}/a/externalLogUrl/1`)).status).toBe(404);
});

test("the log of a try that is under way can be followed", async () => {
  const { body } = await api.ask(`${at}/a/logs/1`);
  expect(body).toEqual({ content: [], continuation_token: expect.any(String) });
  await work(api.runs);
  expect((await api.ask(`${at}/a/logs/1?token=${body.continuation_token}`)).body.continuation_token).toBeNull();
});

test("what holds an instance up is said in words, here and in explain", async () => {
  expect((await api.ask(`${at}/a/dependencies`)).body.dependencies).toEqual([]);
  const [reason] = list((await api.ask(`${at}/b/dependencies`)).body, "dependencies");
  expect(reason).toMatchObject({ name: "upstream_unfinished", reason: expect.stringContaining("a (queued)") });
  const why = await api.ask(`/api/airloom/explain/chain/${run}/b`, { as: "viewer" });
  expect(why.body).toMatchObject({
    code: "upstream_unfinished",
    title: "Waiting for 1 of 1 upstream tasks: a (queued)",
    state: null,
    run: null,
  });
  const whole = await api.ask(`/api/airloom/explain/chain/${run}`);
  expect(whole.body).toMatchObject({
    code: "run_running",
    detail: expect.stringContaining("b: Waiting for 1 of 1 upstream tasks"),
  });
  await work(api.runs, failing("b"));
  const failed = await api.ask(`/api/airloom/explain/chain/${run}/b`);
  expect(failed.body).toMatchObject({ state: "failed", detail: expect.stringContaining("TypeError: no such column") });
});

test("a full pool is named as what holds a scheduled instance up", async () => {
  await work(api.runs);
  await api.ask("/api/v2/pools", { method: "POST", body: { name: "tiny", slots: 0 } });
  await publish(api.store, someSpec({ dagId: "pooled", tasks: [someTask({ id: "t", pool: "tiny" })] }));
  await api.ask("/api/v2/dags/pooled/dagRuns", { method: "POST", body: { logical_date: null, dag_run_id: "r" } });
  const why = await api.ask("/api/airloom/explain/pooled/r/t");
  expect(why.body).toMatchObject({
    state: "scheduled",
    code: "pool_too_small",
    detail: "The task wants 1 slots; the pool has 0.",
  });
  const [reason] = list(
    (await api.ask("/api/v2/dags/pooled/dagRuns/r/taskInstances/t/dependencies")).body,
    "dependencies",
  );
  expect(reason?.name).toBe("pool_too_small");
  const pool = await api.ask("/api/v2/pools/tiny");
  expect(pool.body).toMatchObject({ scheduled_slots: 1, open_slots: 0 });
});

test("mapped instances are listed, read and marked one by one", async () => {
  await api.ask("/api/v2/dags/mapped/dagRuns", { method: "POST", body: { logical_date: null, dag_run_id: run } });
  await work(api.runs, failing("each"));
  const mapped = `/api/v2/dags/mapped/dagRuns/${run}/taskInstances`;
  expect(await statesIn(mapped)).toEqual({
    list: "success",
    "each[0]": "failed",
    "each[1]": "failed",
    "each[2]": "failed",
  });
  const listed = await api.ask(`${mapped}/each/listMapped?order_by=-map_index`);
  expect(list(listed.body, "task_instances").map((row) => [row.map_index, row.rendered_map_index])).toEqual([
    [2, "2"],
    [1, "1"],
    [0, "0"],
  ]);
  expect((await api.ask(`${mapped}/list/listMapped`)).status).toBe(404);
  expect((await api.ask(`${mapped}/each/1`)).body).toMatchObject({ map_index: 1, state: "failed" });
  const bare = await api.ask(`${mapped}/each`);
  expect([bare.status, bare.body.detail]).toEqual([404, expect.stringContaining("map index")]);
  await api.ask(`${mapped}/each/1`, { method: "PATCH", body: { new_state: "success" } });
  expect(await statesIn(mapped)).toMatchObject({ "each[0]": "failed", "each[1]": "success", "each[2]": "failed" });
  const both = await api.ask(`${mapped}/each`, { method: "PATCH", body: { new_state: "skipped" } });
  expect(list(both.body, "task_instances")).toHaveLength(3);
  const cleared = await api.ask("/api/v2/dags/mapped/clearTaskInstances", {
    method: "POST",
    body: { dag_run_id: run, only_failed: false, task_ids: [["each", 2]] },
  });
  expect(list(cleared.body, "task_instances").map((row) => row.map_index)).toEqual([2]);
  expect((await api.ask(`${mapped}/each/2/tries`)).body.total_entries).toBe(1);
  expect((await api.ask(`${mapped}/each/2/dependencies`)).body.dependencies).toEqual([]);
});
