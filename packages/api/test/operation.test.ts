import { publish, someSpec } from "@airloom/testkit";
import { beforeAll, expect, test } from "vitest";
import { fieldProblems } from "./airflow-fields.ts";
import { list, ownApi } from "./own-api.ts";

const sections = [
  {
    name: "core",
    options: [
      { key: "parallelism", value: "32" },
      { key: "url", value: null },
    ],
  },
];
const api = await ownApi({ configuration: { exposed: true, sections } });

beforeAll(async () => {
  await api.store.tx(async (tx) => {
    await tx.touchService({ kind: "scheduler", id: "s1", hostname: "h1", pid: 1 });
    await tx.upsertWorker({
      workerId: "w1",
      hostname: "h2",
      pid: 2,
      bootId: "b",
      startTicks: "1",
      executor: "local",
      queues: ["default"],
      slots: 4,
    });
  });
});

test("services and workers are jobs, and stand in the cluster's picture with the room there is", async () => {
  const { body } = await api.ask("/api/v2/jobs?order_by=-hostname");
  for (const job of list(body, "jobs")) expect(fieldProblems("JobResponse", job)).toEqual([]);
  expect(list(body, "jobs").map((job) => [job.job_type, job.state, job.hostname])).toEqual([
    ["WorkerJob", "running", "h2"],
    ["SchedulerJob", "running", "h1"],
  ]);
  expect((await api.ask("/api/v2/jobs?job_type=SchedulerJob&is_alive=true")).body.total_entries).toBe(1);
  expect((await api.ask("/api/v2/jobs?is_alive=false")).body.total_entries).toBe(0);
  expect((await api.ask("/api/v2/jobs?order_by=colour")).status).toBe(400);
  const cluster = await api.ask("/api/airloom/cluster");
  expect(cluster.body).toMatchObject({ services: [{ kind: "scheduler" }], workers: [{ id: "w1", slots: 4 }] });
  expect(list(cluster.body, "executors")).toContainEqual({ name: "local", parallelism: 32, queued: 0, running: 0 });
});

test("the configuration is shown where that is wanted, never its secrets", async () => {
  const { body } = await api.ask("/api/v2/config");
  expect(body).toEqual({
    sections: [
      {
        name: "core",
        options: [
          { key: "parallelism", value: "32" },
          { key: "url", value: "< hidden >" },
        ],
      },
    ],
  });
  expect((await api.ask("/api/v2/config", { accept: "text/plain" })).text).toBe(
    "[core]\nparallelism = 32\nurl = < hidden >\n",
  );
  expect((await api.ask("/api/v2/config/section/core/option/parallelism")).body).toEqual({
    sections: [{ name: "core", options: [{ key: "parallelism", value: "32" }] }],
  });
  expect((await api.ask("/api/v2/config/section/core/option/none")).status).toBe(404);
  expect((await api.ask("/api/v2/config?section=none")).status).toBe(404);
});

test("health tells who is alive", async () => {
  const { body } = await api.ask("/api/v2/monitor/health", { as: null });
  expect(body).toMatchObject({
    metadatabase: { status: "healthy" },
    scheduler: { status: "healthy" },
    dag_processor: { status: "unhealthy" },
  });
});

test("why a Dag has no run is said in words", async () => {
  const code = async (dagId: string) => (await api.ask(`/api/airloom/explain/${dagId}`)).body.code;
  await publish(api.store, someSpec({ dagId: "manual" }));
  await publish(api.store, someSpec({ dagId: "asleep" }), { pausedUponCreation: true });
  expect([await code("manual"), await code("asleep")]).toEqual(["no_schedule", "dag_paused"]);
  await publish(
    api.store,
    someSpec({ dagId: "hourly", schedule: { kind: "delta", seconds: 3_600, interval: "point" } }),
    { pausedUponCreation: true },
  );
  await api.ask("/api/v2/dags/hourly", { method: "PATCH", body: { is_paused: false } });
  expect(["next_run_planned", "next_run_due"]).toContain(await code("hourly"));
  await api.store.tx((tx) => tx.setCursor("hourly", { nextRun: times("2199-01-01T00:00:00Z") }));
  expect(await code("hourly")).toBe("next_run_planned");
  await api.store.tx((tx) => tx.setCursor("hourly", { nextRun: times("2020-01-01T00:00:00Z") }));
  expect(await code("hourly")).toBe("next_run_due");
  await api.store.tx((tx) => tx.deleteService("scheduler", "s1"));
  expect(await code("hourly")).toBe("no_scheduler");
});

function times(text: string) {
  const date = new Date(text);
  return { logicalDate: date, intervalStart: date, intervalEnd: date, runAfter: date };
}
