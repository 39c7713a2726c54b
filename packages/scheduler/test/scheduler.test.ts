import { randomUUID } from "node:crypto";
import type { DagSpec } from "@airloom/core";
import { planNextRun } from "@airloom/runs";
import { createScheduler, defaultSchedulerSettings, type SchedulerSettings } from "@airloom/scheduler";
import type { DagRow, DagRunRow, Store } from "@airloom/store";
import {
  cloneStore,
  finish,
  hold,
  publish,
  type RunsUnderTest,
  realTimers,
  runsOver,
  someSpec,
  someTask,
  statesOf,
  trigger,
  work,
} from "@airloom/testkit";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { createDueRuns } from "../src/create-due-runs.ts";

const hourly: DagSpec["schedule"] = { kind: "cron", expressions: ["0 * * * *"], timezone: "UTC", interval: "point" };

let owned: Awaited<ReturnType<typeof cloneStore>>;
let under: RunsUnderTest;
const log: string[] = [];
const dagIds: string[] = [];
beforeAll(async () => {
  owned = await cloneStore();
  under = runsOver(owned.store);
});
/** The clock moves on by days: what is over must not be due again. */
afterEach(async () => {
  await owned.store.tx((tx) => tx.setPaused(dagIds, true));
});
afterAll(() => owned.close());

/** A scheduler of a process of its own. Without polls only hints and due times wake it. */
function scheduler(store: Store, schedule: Partial<SchedulerSettings> = {}) {
  return createScheduler({
    ...runsOver(store).deps,
    timers: realTimers,
    identity: { id: randomUUID(), hostname: "here", pid: 1 },
    log: (_level, message) => log.push(message),
    schedule: { ...defaultSchedulerSettings, ...schedule },
  });
}

async function scheduled(spec: Partial<DagSpec> = {}): Promise<DagRow> {
  const dag = await publish(
    owned.store,
    someSpec({
      schedule: hourly,
      catchup: true,
      startDate: "2030-01-01T00:00:00Z",
      tasks: [someTask({ id: "a" })],
      ...spec,
    }),
  );
  dagIds.push(dag.dagId);
  await owned.store.tx(async (tx) => {
    const row = await tx.findDag(dag.dagId);
    if (row) await planNextRun(tx, row, await under.deps.versions.load(tx, row.versionId));
  });
  return dag;
}

async function moveClockTo(at: string): Promise<void> {
  const now = await owned.store.tx(async (tx) => {
    await tx.findPool("default_pool");
    return tx.now;
  });
  await owned.shiftClock(new Date(at).getTime() - now.getTime());
}

const runsOf = async ({ dagId }: DagRow): Promise<readonly DagRunRow[]> => {
  const { rows } = await owned.store.reads.listRuns({
    where: [{ kind: "in", field: "dagId", values: [dagId] }],
    orderBy: [{ field: "runAfter", descending: false }],
    limit: 100,
    offset: 0,
  });
  return rows;
};

/** Looks until it holds; the test's time limit ends what never does. */
async function eventually(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise(setImmediate);
}

test("of several schedulers that make due runs at once, each tick gets one run", async () => {
  const dags = await Promise.all(Array.from({ length: 4 }, () => scheduled()));
  await moveClockTo("2030-01-01T05:30:00Z");
  const errors: unknown[] = [];
  const make = async (store: Store) => {
    const { deps, events } = runsOver(store);
    while (await createDueRuns(deps));
    errors.push(...events.filter(({ event }) => event === "dag:quarantined"));
  };
  await Promise.all([owned.store, owned.another(), owned.another()].map(make));
  // Who came second may have stopped before the first was done.
  await make(owned.store);
  expect(errors).toEqual([]);
  for (const dag of dags) {
    const runs = await runsOf(dag);
    expect(runs.map(({ logicalDate }) => logicalDate?.toISOString().slice(11, 13))).toEqual([
      "00",
      "01",
      "02",
      "03",
      "04",
      "05",
    ]);
    expect(runs.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6]);
  }
  await work(under);
});

test("two schedulers take runs from timetable to end, and stop without leaving anything", async () => {
  await moveClockTo("2030-01-02T00:30:00Z");
  const dags = await Promise.all(
    Array.from({ length: 3 }, () =>
      scheduled({
        startDate: "2030-01-01T20:00:01Z",
        maxActiveRuns: 2,
        tasks: [someTask({ id: "a" }), someTask({ id: "b", upstream: ["a"], retries: 1, retryDelaySeconds: 0 })],
      }),
    ),
  );
  const both = [scheduler(owned.another(), { pollMs: 50 }), scheduler(owned.another(), { pollMs: 50 })];
  for (const one of both) await one.start();
  const failed = new Set<string>();
  let over = false;
  const working = (async () => {
    while (!over) {
      for (const one of await hold(under)) {
        const first = one.task.id === "b" && !failed.has(one.instance.id);
        if (first) failed.add(one.instance.id);
        await finish(under, one, first ? { kind: "failed", retry: true, failure: {}, fingerprint: "f" } : undefined);
      }
    }
  })();
  await eventually(async () => {
    const runs = (await Promise.all(dags.map(runsOf))).flat();
    return runs.length === 12 && runs.every(({ state }) => state === "success");
  });
  over = true;
  await working;
  expect(failed.size).toBe(12);
  const alive = async () =>
    (await owned.store.tx((tx) => tx.listServices())).filter(({ kind }) => kind === "scheduler").length;
  expect(await alive()).toBe(2);
  for (const one of both) await one.stop("over");
  await both[0]?.stop("over");
  expect(await alive()).toBe(0);
  expect(log).toEqual([]);
});

test("a run that ends lets the next of its Dag be made by a hint alone", async () => {
  await moveClockTo("2030-01-03T00:30:00Z");
  const slow = scheduler(owned.another(), { pollMs: 600_000, rescueMs: 600_000 });
  await slow.start();
  const dag = await scheduled({ startDate: "2030-01-02T21:00:01Z", maxActiveRuns: 1 });
  owned.store.hint("dags");
  for (let count = 1; count <= 3; count += 1) {
    await eventually(async () => (await work(under)).length > 0);
    await eventually(async () => (await runsOf(dag)).length >= Math.min(count + 1, 3));
  }
  expect((await runsOf(dag)).map(({ state }) => state)).toEqual(["success", "success", "success"]);
  await slow.stop("over");
});

test("it sleeps until the next run is due, and until a retry is", async () => {
  await moveClockTo("2030-01-04T00:59:59.000Z");
  const dag = await scheduled({
    startDate: "2030-01-04T00:30:00Z",
    tasks: [someTask({ id: "a", retries: 1, retryDelaySeconds: 1 })],
  });
  const slow = scheduler(owned.another(), { pollMs: 600_000, rescueMs: 600_000 });
  await slow.start();
  await eventually(async () => (await runsOf(dag)).length === 1);
  const [run] = await runsOf(dag);
  if (!run) throw new Error("it was made");
  expect(run.queuedAt.getTime()).toBeGreaterThanOrEqual(run.runAfter.getTime());
  expect(run.queuedAt.getTime() - run.runAfter.getTime()).toBeLessThan(2_000);
  const [held] = await hold(under);
  if (!held) throw new Error("it was queued");
  await finish(under, held, { kind: "failed", retry: true, failure: {}, fingerprint: "f" });
  // The loop of due tasks sleeps by what it knew: a user's action or any other wake-up tells it to look again.
  owned.store.hint("wakeup");
  await eventually(async () => (await statesOf(owned.store, run.id)).a === "queued");
  await slow.stop("over");
  await work(under);
});

test("attempts whose worker fell silent are given up, and run again", async () => {
  const dag = await scheduled({ schedule: { kind: "none" } });
  const run = await trigger(under, dag);
  const [held] = await hold(under);
  expect(held?.run.id).toBe(run.id);
  const rescuer = scheduler(owned.another(), { pollMs: 50, rescueMs: 50 });
  await rescuer.start();
  await owned.shiftClock(41_000);
  await eventually(async () => (await statesOf(owned.store, run.id)).a === "queued");
  await rescuer.stop("over");
  const attempt = await owned.store.tx((tx) => tx.findAttempt(held?.instance.id ?? "", 1));
  expect(attempt).toMatchObject({ outcome: "lost" });
  await work(under);
});

test("a run over its time fails while the scheduler runs", async () => {
  const dag = await scheduled({ schedule: { kind: "none" }, runTimeoutSeconds: 30 });
  const run = await trigger(under, dag);
  const one = scheduler(owned.another(), { pollMs: 50 });
  await one.start();
  await owned.shiftClock(31_000);
  await eventually(async () => (await statesOf(owned.store, run.id))["(run)"] === "failed");
  await one.stop("over");
});

test("a scheduler whose database is away says so, waits, and goes on when it is back", async () => {
  const away = owned.another();
  let broken = false;
  const store: Store = {
    ...away,
    tx: (fn) => (broken ? Promise.reject(new Error("the database is away")) : away.tx(fn)),
  };
  const one = scheduler(store, { pollMs: 20 });
  await one.start();
  const before = log.length;
  broken = true;
  await eventually(async () => log.slice(before).some((message) => message.includes("the database is away")));
  broken = false;
  await moveClockTo("2030-01-05T00:30:00Z");
  const dag = await scheduled({ startDate: "2030-01-04T23:30:00Z" });
  await eventually(async () => (await runsOf(dag)).length === 1);
  await one.stop("over");
  await work(under);
});
