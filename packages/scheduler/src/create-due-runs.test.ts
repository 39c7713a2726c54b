import type { DagSpec } from "@airloom/core";
import { planNextRun, startRuns } from "@airloom/runs";
import { memoryStore, publish, runsOver, someSpec, someTask, work } from "@airloom/testkit";
import { expect, test } from "vitest";
import { createDueRuns } from "./create-due-runs.ts";

const hour = 3_600_000;
const hourly: DagSpec["schedule"] = { kind: "cron", expressions: ["0 * * * *"], timezone: "UTC", interval: "point" };

/** A control plane in memory whose clock stands at half past ten. */
async function control() {
  const owned = memoryStore();
  const under = runsOver(owned.store);
  const { store } = owned;
  const start = new Date("2030-05-01T10:30:00Z");
  await owned.shiftClock(start.getTime() - Date.now());
  const errors = () => under.events.flatMap((event) => (event.event === "dag:quarantined" ? [event.dagId] : []));
  const make = async (spec: Partial<DagSpec> = {}) => {
    const dag = await publish(store, someSpec({ schedule: hourly, tasks: [someTask({ id: "a" })], ...spec }));
    await plan(dag.dagId);
    return dag;
  };
  /** What a publication and an unpause do. */
  const plan = (dagId: string) =>
    store.tx(async (tx) => {
      const dag = await tx.findDag(dagId);
      if (dag) await planNextRun(tx, dag, await under.deps.versions.load(tx, dag.versionId));
    });
  const dagOf = (dagId: string) => store.tx((tx) => tx.findDag(dagId));
  const passes = async () => {
    let count = 0;
    while (await createDueRuns(under.deps)) count += 1;
    return count;
  };
  /** Hours of the day at which its runs may start. */
  const runsOf = async (dagId: string) => {
    const hours: string[] = [];
    for (let at = start.getTime() - 30 * hour; at < start.getTime() + 60 * hour; at += hour / 2) {
      const run = await store.tx((tx) =>
        tx.findRun(dagId, `scheduled__${new Date(at).toISOString().slice(0, 19)}+00:00`),
      );
      if (run) hours.push(run.runAfter.toISOString().slice(8, 13));
    }
    return hours;
  };
  return { ...owned, under, errors, make, plan, dagOf, passes, runsOf, start };
}

test("a run is made when its time has come, not before, and the cursor moves on with it", async () => {
  const at = await control();
  const { dagId } = await at.make({ startDate: "2030-05-01T10:00:01Z" });
  expect(await at.passes()).toBe(0);
  await at.shiftClock(hour / 2 - 5_000);
  expect(await at.passes()).toBe(0);
  await at.shiftClock(10_000);
  expect(await at.passes()).toBe(1);
  expect(await at.runsOf(dagId)).toEqual(["01T11"]);
  const dag = await at.dagOf(dagId);
  expect(dag?.lastRun?.runAfter).toEqual(new Date("2030-05-01T11:00:00Z"));
  expect(dag?.nextRun?.runAfter).toEqual(new Date("2030-05-01T12:00:00Z"));
  expect(await work(at.under)).toEqual(["a"]);
});

test("with catch-up every tick since the start date gets its run, oldest first", async () => {
  const at = await control();
  const { dagId } = await at.make({ startDate: "2030-05-01T06:00:00Z", catchup: true });
  await at.passes();
  expect(await at.runsOf(dagId)).toEqual(["01T06", "01T07", "01T08", "01T09", "01T10"]);
});

test("without catch-up only the newest tick gets its run", async () => {
  const at = await control();
  const { dagId } = await at.make({ startDate: "2030-05-01T06:00:00Z", catchup: false });
  await at.passes();
  expect(await at.runsOf(dagId)).toEqual(["01T10"]);
});

test("a scheduler that was down makes up for what it missed only with catch-up", async () => {
  const at = await control();
  const all = await at.make({ startDate: "2030-05-01T10:00:01Z", catchup: true });
  const newest = await at.make({ startDate: "2030-05-01T10:00:01Z", catchup: false });
  await at.shiftClock(hour);
  await at.passes();
  await at.shiftClock(4 * hour);
  await at.passes();
  expect(await at.runsOf(all.dagId)).toEqual(["01T11", "01T12", "01T13", "01T14", "01T15"]);
  expect((await at.runsOf(newest.dagId)).at(-1)).toBe("01T15");
  expect((await at.runsOf(newest.dagId)).length).toBeLessThan(5);
});

test("a paused Dag gets no run; unpaused without catch-up it skips to the newest tick", async () => {
  const at = await control();
  const { dagId } = await at.make({ startDate: "2030-05-01T10:00:01Z" });
  await at.store.tx((tx) => tx.setPaused([dagId], true));
  await at.shiftClock(5 * hour);
  expect(await at.passes()).toBe(0);
  await at.store.tx((tx) => tx.setPaused([dagId], false));
  await at.plan(dagId);
  await at.passes();
  expect(await at.runsOf(dagId)).toEqual(["01T15"]);
});

test("a Dag with as many active runs as it may have gets none, and the next when one has ended", async () => {
  const at = await control();
  const { dagId } = await at.make({ startDate: "2030-05-01T06:00:00Z", catchup: true, maxActiveRuns: 2 });
  expect(await at.passes()).toBe(2);
  expect(await createDueRuns(at.under.deps)).toBe(false);
  expect(await at.runsOf(dagId)).toEqual(["01T06", "01T07"]);
  await work(at.under);
  expect(await at.passes()).toBe(2);
  expect(await at.runsOf(dagId)).toHaveLength(4);
});

test("Dags that are at their limit never keep another one waiting, however many they are", async () => {
  const at = await control();
  const full = { startDate: "2030-05-01T00:00:00Z", catchup: true, maxActiveRuns: 1 };
  for (let number = 0; number < 8; number += 1) await at.make(full);
  const options = { limit: 4 };
  while (await createDueRuns(at.under.deps, options));
  const { dagId } = await at.make({ startDate: "2030-05-01T10:00:00Z" });
  await createDueRuns(at.under.deps, options);
  expect(await at.runsOf(dagId)).toEqual(["01T10"]);
});

test("queued runs of a full Dag never keep another Dag's waiting", async () => {
  const at = await control();
  const full = await at.make({ schedule: { kind: "none" }, maxActiveRuns: 1 });
  const other = await at.make({ schedule: { kind: "none" } });
  const insert = (dag: typeof full, runId: string, runAfter: string) =>
    at.store.tx((tx) =>
      tx.insertRun({
        dagId: dag.dagId,
        runId,
        runType: "manual",
        versionId: dag.versionId,
        logicalDate: null,
        intervalStart: null,
        intervalEnd: null,
        runAfter: new Date(runAfter),
        conf: {},
        triggeredBy: "test",
        triggeringUser: null,
        note: null,
        unfinished: 1,
      }),
    );
  for (let number = 0; number < 6; number += 1) await insert(full, `r${number}`, "2030-05-01T01:00:00Z");
  await insert(other, "mine", "2030-05-01T02:00:00Z");
  while ((await startRuns(at.under.deps, 3)) > 0);
  expect(await at.store.tx((tx) => tx.findRun(other.dagId, "mine"))).toMatchObject({ state: "running" });
});

test("a Dag whose schedule cannot be read does not stop the others, and is left alone for a while", async () => {
  const at = await control();
  const bad = await at.make({ startDate: "2030-05-01T09:00:00Z" });
  const broken = { ...hourly, expressions: ["61 * * * *"] } as DagSpec["schedule"];
  // Only the stored Spec is wrong, as if written by another version; the cursor is due.
  await publish(at.store, { ...someSpec({ dagId: bad.dagId, schedule: broken, tasks: [someTask({ id: "a" })] }) });
  const crowd = [];
  for (let count = 0; count < 50; count += 1) crowd.push(await at.make({ startDate: "2030-05-01T10:00:00Z" }));
  expect(await createDueRuns(at.under.deps)).toBe(true);
  // The list of one pass was full of the bad one and 49 good ones.
  await at.passes();
  for (const { dagId } of crowd) expect(await at.runsOf(dagId)).toEqual(["01T10"]);
  const good = await at.make({ startDate: "2030-05-01T10:00:00Z" });
  expect(await createDueRuns(at.under.deps, { limit: 1 })).toBe(true);
  expect(await at.runsOf(good.dagId)).toEqual(["01T10"]);
  await at.passes();
  expect(at.errors()).toEqual([bad.dagId]);
  await at.shiftClock(3_000);
  await at.passes();
  expect(at.errors()).toEqual([bad.dagId, bad.dagId]);
  const dag = await at.dagOf(bad.dagId);
  expect(await at.runsOf(bad.dagId)).toEqual([]);
  expect(dag?.nextRun?.runAfter).toEqual(new Date("2030-05-01T10:00:00Z"));
  // A corrected file is tried at once.
  await publish(at.store, someSpec({ dagId: bad.dagId, schedule: hourly, tasks: [someTask({ id: "a" })] }));
  await at.passes();
  expect(await at.runsOf(bad.dagId)).toEqual(["01T10"]);
});

test("a run of that time which is there already lets the cursor go on", async () => {
  const at = await control();
  const { dagId } = await at.make({ startDate: "2030-05-01T10:00:01Z" });
  const dag = await at.dagOf(dagId);
  if (!dag?.nextRun) throw new Error("it is scheduled");
  const logicalDate = dag.nextRun.logicalDate;
  await at.store.tx((tx) =>
    tx.insertRun({
      ...(dag.nextRun as NonNullable<typeof dag.nextRun>),
      dagId,
      runId: "by hand",
      runType: "manual",
      versionId: dag.versionId,
      logicalDate,
      conf: {},
      triggeredBy: "ui",
      triggeringUser: "ann",
      note: null,
      unfinished: 1,
    }),
  );
  await at.shiftClock(hour);
  await at.passes();
  expect(await at.runsOf(dagId)).toEqual([]);
  expect((await at.dagOf(dagId))?.nextRun?.runAfter).toEqual(new Date("2030-05-01T12:00:00Z"));
});

test("a clock that jumps back makes no run a second time", async () => {
  const at = await control();
  const { dagId } = await at.make({ startDate: "2030-05-01T09:00:01Z", catchup: true });
  await at.passes();
  await at.shiftClock(-3 * hour);
  expect(await at.passes()).toBe(0);
  await at.shiftClock(3 * hour);
  expect(await at.passes()).toBe(0);
  expect(await at.runsOf(dagId)).toEqual(["01T10"]);
});
