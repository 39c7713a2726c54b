import { graphOf } from "@airloom/core";
import { createRun, startRuns } from "@airloom/runs";
import { publish, someRunRequest, someSpec, someTask } from "@airloom/testkit";
import { beforeAll, expect, test } from "vitest";
import { list, ownApi } from "./own-api.ts";

const api = await ownApi({ report: () => {} });
const spec = someSpec({ dagId: "damaged", tasks: [someTask({ id: "a" })] });

beforeAll(async () => {
  await publish(api.store, someSpec({ dagId: "sound" }));
  const dag = await publish(api.store, { ...spec, format: 99 as 1 });
  const { deps } = api.runs;
  await api.store.tx(async (tx) => {
    const row = await tx.findVersion(dag.versionId);
    if (row) await createRun({ tx, deps, version: { row, graph: graphOf(spec) } }, someRunRequest({ runId: "r" }));
  });
  await startRuns(deps);
});

test("a run that cannot be decided says why and when it is tried again, wherever one may ask", async () => {
  const expected = { code: "run_quarantined", state: "queued", detail: expect.stringContaining("format 99") };
  const run = await api.ask("/api/airloom/explain/damaged/r");
  expect(run.body).toMatchObject({ ...expected, next: expect.stringContaining("tried again by itself at 2") });
  const instance = await api.ask("/api/airloom/explain/damaged/r/a");
  expect(instance.body).toMatchObject({ code: "run_quarantined", state: null });
  const { body } = await api.ask("/api/airloom/cluster");
  expect(body.quarantine).toMatchObject([
    { dag_id: "damaged", run_id: "r", code: "VERSION_UNREADABLE", failures: 1, reason: expect.stringContaining("99") },
  ]);
  const events = await api.ask("/api/v2/eventLogs?dag_id=damaged");
  expect(list(events.body, "event_logs").map(({ event }) => event)).toContain("dagRun:quarantined");
});

test("lists show what can be read beside it", async () => {
  const dags = await api.ask("/api/v2/dags");
  expect(list(dags.body, "dags").map(({ dag_id }) => dag_id)).toEqual(["damaged", "sound"]);
  const instances = await api.ask("/api/v2/dags/~/dagRuns/~/taskInstances");
  expect(list(instances.body, "task_instances").map(({ task_id }) => task_id)).toEqual(["a"]);
  expect(list((await api.ask("/api/v2/dags/~/dagRuns")).body, "dag_runs")).toHaveLength(1);
});

test("asking for its definition is refused with the cause and what to do", async () => {
  const { status, body } = await api.ask("/api/v2/dags/damaged/details");
  expect(status).toBe(503);
  expect(JSON.stringify(body)).toMatch(/has format 99.*upgrade this process/);
});

test("it can be deleted, and is no longer in quarantine then", async () => {
  expect((await api.ask("/api/v2/dags/damaged/dagRuns/r", { method: "DELETE" })).status).toBe(204);
  expect((await api.ask("/api/airloom/cluster")).body.quarantine).toEqual([]);
});
