import type { TaskInstanceMove, TaskInstanceRow } from "@airloom/store";
import { someClaim, someId, someNewTaskInstance, someRun } from "@airloom/testkit";
import { expect, test } from "vitest";
import { ownStore } from "./own-store.ts";

const own = await ownStore({ poolSize: 8 });
const { store } = own;

async function insertInstances(count: number, queue: string, state: "scheduled" | "queued") {
  const run = await someRun(store);
  return store.tx(async (tx) => {
    const instances = Array.from({ length: count }, (_, mapIndex) =>
      someNewTaskInstance(run, { taskId: "wide", mapIndex, queue }),
    );
    await tx.insertTaskInstances(instances);
    const scheduled = await tx.moveTaskInstances(
      instances.map(({ id }) => ({ id, from: "none", attempt: 0, to: "scheduled" })),
    );
    if (state === "scheduled") return scheduled;
    return tx.moveTaskInstances(scheduled.map(({ id }) => ({ id, from: "scheduled", attempt: 0, to: "queued" })));
  });
}

test.each([[[]], [["warm"]]])(
  "8 workers claiming 2,000 instances get each of them once (warm: %j)",
  async (warmArtifacts) => {
    const queue = someId("queue");
    await insertInstances(2_000, queue, "queued");
    const claimed: TaskInstanceRow[] = [];
    const claimAll = async (workerId: string): Promise<void> => {
      for (;;) {
        const tokenHashes = Array.from({ length: 7 }, () => someId("token"));
        const options = someClaim({ queues: [queue], workerId, tokenHashes, warmArtifacts });
        const rows = await store.tx((tx) => tx.claimQueued(options));
        if (rows.length === 0) return;
        claimed.push(...rows);
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, worker) => claimAll(`worker ${worker}`)));
    // A worker that found all rows held by others went home early; what they gave back is claimed by nobody else.
    await claimAll("last");
    expect(new Set(claimed.map((row) => row.id)).size).toBe(2_000);
    expect(claimed).toHaveLength(2_000);
    const { rows } = await own.client.query(
      `select count(*)::int as attempts, count(distinct worker_id) > 1 as shared from attempt where task_instance_id = any($1)`,
      [claimed.map((row) => row.id)],
    );
    expect(rows).toEqual([{ attempts: 2_000, shared: true }]);
  },
);

test("moves of the same rows in opposite orders wait for each other and never deadlock", async () => {
  const rows = await insertInstances(200, someId("queue"), "scheduled");
  const before = await deadlocks();
  const counts = new Set<number>();
  const pingPong = async (order: readonly TaskInstanceRow[]): Promise<void> => {
    for (let turn = 0; turn < 15; turn += 1) {
      const there = order.map(({ id }): TaskInstanceMove => ({ id, from: "scheduled", attempt: 0, to: "none" }));
      const back = order.map(({ id }): TaskInstanceMove => ({ id, from: "none", attempt: 0, to: "scheduled" }));
      counts.add((await store.tx((tx) => tx.moveTaskInstances(there))).length);
      counts.add((await store.tx((tx) => tx.moveTaskInstances(back))).length);
    }
  };
  await Promise.all([pingPong(rows), pingPong(rows.toReversed()), pingPong(rows), pingPong(rows.toReversed())]);
  // All or nothing: who came second found every row moved.
  expect([...counts].toSorted((a, b) => a - b)).toEqual([0, 200]);
  expect(await deadlocks()).toBe(before);
});

async function deadlocks(): Promise<number> {
  const { rows } = await own.client.query<{ deadlocks: string }>(
    "select deadlocks from pg_stat_database where datname = current_database()",
  );
  return Number(rows[0]?.deadlocks);
}

test("of many who move the same row one succeeds, the others change nothing", async () => {
  const [row] = await insertInstances(1, someId("queue"), "scheduled");
  if (!row) throw new Error("no row");
  const move = { id: row.id, from: "scheduled", attempt: 0, to: "queued" } as const;
  const moved = await Promise.all(Array.from({ length: 16 }, () => store.tx((tx) => tx.moveTaskInstances([move]))));
  expect(moved.flat()).toHaveLength(1);
  expect(moved.flat()[0]).toMatchObject({ state: "queued", attempt: 1 });
});

test("a pool is never overfilled by admissions that lock, then count, then move", async () => {
  const slots = 8;
  const pool = someId("pool");
  await store.tx((tx) => tx.insertPool({ name: pool, slots, description: null, includeDeferred: false }));
  const run = await someRun(store);
  const instances = Array.from({ length: 64 }, (_, mapIndex) =>
    someNewTaskInstance(run, { taskId: "limited", mapIndex, pool }),
  );
  await store.tx(async (tx) => {
    await tx.insertTaskInstances(instances);
    await tx.moveTaskInstances(instances.map(({ id }) => ({ id, from: "none", attempt: 0, to: "scheduled" })));
  });
  const none = { executors: [], runKeys: [], tasks: [], runTasks: [] };
  const admit = (wait: boolean): Promise<"busy" | number> =>
    store.tx(async (tx) => {
      if (!(await tx.lockPools([pool], { wait }))) return "busy";
      const live = await tx.countLiveSlots({ ...none, pools: [pool] });
      const free = slots - (live.pools.get(pool) ?? 0);
      const candidates = await tx.listCandidates({ limit: Math.min(free, 3), perRun: 3, runKeys: [run.id] });
      const moves = candidates.map(({ id }): TaskInstanceMove => ({ id, from: "scheduled", attempt: 0, to: "queued" }));
      return (await tx.moveTaskInstances(moves)).length;
    });
  const answers = await Promise.all(Array.from({ length: 24 }, (_, turn) => admit(turn % 2 === 0)));
  const admitted = answers.reduce<number>((sum, answer) => sum + (answer === "busy" ? 0 : answer), 0);
  expect(admitted).toBe(slots);
});

test("finishes of a wide run add up: no tally and no count is lost", async () => {
  const width = 120;
  const run = await someRun(store, { unfinished: width });
  const tally = { taskId: "join", total: width, success: 0, failed: 0, upstreamFailed: 0, skipped: 0, removed: 0 };
  await store.tx((tx) => tx.insertTallies(run.id, [tally]));
  const finish = () =>
    store.tx(async (tx) => {
      await tx.lockRuns([run.id]);
      await Promise.all([
        tx.addTallies(run.id, [{ ...tally, total: 0, success: 1 }]),
        tx.adjustUnfinished([{ runKey: run.id, delta: -1 }]),
        tx.wakeRuns([run.id], "finished"),
      ]);
    });
  await Promise.all(Array.from({ length: width }, finish));
  expect(await store.tx((tx) => tx.listTallies(run.id))).toEqual([{ ...tally, success: width }]);
  expect(await store.tx((tx) => tx.listRunsByKey([run.id]))).toMatchObject([{ unfinished: 0 }]);
  expect(await store.tx((tx) => tx.takeWakeups(1_000))).toEqual([run.id]);
  expect(await store.tx((tx) => tx.takeWakeups(1_000))).toEqual([]);
});

test("numbers of a Dag's runs have no gap, however many ask at once and for the same run", async () => {
  const first = await someRun(store);
  const dag = await store.tx((tx) => tx.findDag(first.dagId));
  if (!dag) throw new Error("no Dag");
  const asked = Array.from({ length: 30 }, (_, turn) => someRun(store, { dag, runId: `run ${turn % 15}` }));
  const made = (await Promise.allSettled(asked)).flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  expect(made.map((run) => run.number).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 15 }, (_, n) => n + 2));
});
