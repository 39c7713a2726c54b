import { expect, test } from "vitest";
import { publish } from "../../factories/publish.ts";
import { someId } from "../../factories/some-id.ts";
import { someRun } from "../../factories/some-run.ts";
import { someTaskInstance } from "../../factories/some-task-instance.ts";
import type { StoreUnderTest } from "./store-under-test.ts";

const somePool = (slots = 4) => ({ name: someId("pool"), slots, description: null, includeDeferred: false });
const nothing = { executors: [], pools: [], runKeys: [], tasks: [], runTasks: [] };

export function limitPromises(given: StoreUnderTest): void {
  test("a new store has the default pool and the two executors", async () => {
    expect(await given.tx((tx) => tx.findPool("default_pool"))).toMatchObject({ slots: 128, includeDeferred: false });
    const executors = await given.tx((tx) => tx.lockExecutors(["sequential", "local"], { wait: true }));
    expect(executors).toEqual([
      { name: "local", parallelism: 32 },
      { name: "sequential", parallelism: 1 },
    ]);
  });

  test("a pool is inserted once, updated, listed by name and deleted", async () => {
    const [first, second] = [somePool(), somePool(-1)];
    expect(await given.tx((tx) => tx.insertPool(second))).toBe(true);
    expect(await given.tx((tx) => tx.insertPool(first))).toBe(true);
    expect(await given.tx((tx) => tx.insertPool({ ...first, slots: 9 }))).toBe(false);
    const changed = { name: first.name, slots: 7, description: "for the warehouse", includeDeferred: true };
    expect(await given.tx((tx) => tx.updatePool(changed))).toBe(true);
    const own = (await given.tx((tx) => tx.listPools())).filter((pool) =>
      [first.name, second.name].includes(pool.name),
    );
    expect(own).toEqual([changed, second]);
    expect(await given.tx((tx) => tx.deletePool(first.name))).toBe(true);
    expect(await given.tx((tx) => tx.deletePool(first.name))).toBe(false);
    expect(await given.tx((tx) => tx.updatePool(changed))).toBe(false);
    expect(await given.tx((tx) => tx.findPool(first.name))).toBeNull();
  });

  test("an executor is replaced by name", async () => {
    const name = someId("executor");
    for (const parallelism of [3, 0]) await given.tx((tx) => tx.upsertExecutor({ name, parallelism }));
    expect(await given.tx((tx) => tx.lockExecutors([name], { wait: false }))).toEqual([{ name, parallelism: 0 }]);
  });

  test("who inserts a pool that another is inserting waits for the other's end", async () => {
    for (const end of ["commit", "rollback"] as const) {
      const pool = somePool();
      const [first, second] = [await given.open(), await given.open()];
      expect(await first.tx.insertPool(pool)).toBe(true);
      const late = second.tx.insertPool({ ...pool, slots: 9 });
      expect(await given.waits(late)).toBe(true);
      await first[end]();
      expect(await late).toBe(end === "rollback");
      await second.commit();
      expect(await given.tx((tx) => tx.findPool(pool.name))).toMatchObject({ slots: end === "rollback" ? 9 : 4 });
    }
  });

  test("locked limiter rows come by name, those that exist, as they are then", async () => {
    const [a, b] = [somePool(), somePool()];
    for (const pool of [b, a]) await given.tx((tx) => tx.insertPool(pool));
    expect(await given.tx((tx) => tx.lockPools([b.name, "missing", a.name], { wait: true }))).toEqual([a, b]);
    expect(await given.tx((tx) => tx.lockPools([], { wait: false }))).toEqual([]);
    const dag = await publish(given.store);
    expect(await given.tx((tx) => tx.lockDags([dag.dagId], { wait: true }))).toEqual([
      { dagId: dag.dagId, isPaused: false, maxActiveRuns: 16, maxActiveTasks: 16 },
    ]);
  });

  test("a lock is waited for, and the row is then the newest", async () => {
    const pool = somePool();
    await given.tx((tx) => tx.insertPool(pool));
    const [first, second] = [await given.open(), await given.open()];
    await first.tx.lockPools([pool.name], { wait: true });
    const late = second.tx.lockPools([pool.name], { wait: true });
    expect(await given.waits(late)).toBe(true);
    await first.tx.updatePool({ ...pool, slots: 1 });
    await first.commit();
    expect(await late).toEqual([{ ...pool, slots: 1 }]);
  });

  test("who does not wait gets null when a row is busy, holds nothing by it, and goes on", async () => {
    const pools = [somePool(), somePool()] as const;
    for (const pool of pools) await given.tx((tx) => tx.insertPool(pool));
    const names = pools.map((pool) => pool.name);
    const [first, second, third] = [await given.open(), await given.open(), await given.open()];
    await first.tx.lockPools([pools[1].name], { wait: true });
    expect(await second.tx.lockPools(names, { wait: false })).toBeNull();
    expect(await third.tx.lockPools([pools[0].name], { wait: false })).toEqual([pools[0]]);
    await third.rollback();
    await first.commit();
    expect(await second.tx.lockPools(names, { wait: false })).toEqual(pools);
    await second.commit();
  });

  test("executors and Dags are locked without waiting alike", async () => {
    const name = someId("executor");
    await given.tx((tx) => tx.upsertExecutor({ name, parallelism: 2 }));
    const { dagId } = await publish(given.store);
    const [first, second] = [await given.open(), await given.open()];
    await first.tx.lockExecutors([name], { wait: true });
    await first.tx.lockDags([dagId], { wait: true });
    expect(await second.tx.lockExecutors([name], { wait: false })).toBeNull();
    expect(await second.tx.lockDags([dagId], { wait: false })).toBeNull();
    await first.rollback();
    expect(await second.tx.lockExecutors([name], { wait: false })).toEqual([{ name, parallelism: 2 }]);
    expect(await second.tx.lockDags([dagId], { wait: false })).toHaveLength(1);
  });

  test("one's own lock is never busy", async () => {
    const pool = somePool();
    await given.tx((tx) => tx.insertPool(pool));
    const rows = await given.tx(async (tx) => {
      await tx.lockPools([pool.name], { wait: true });
      return tx.lockPools([pool.name], { wait: false });
    });
    expect(rows).toEqual([pool]);
  });

  test("locked runs come by key, as they are then", async () => {
    const runs = [await someRun(given.store, { unfinished: 5 }), await someRun(given.store)];
    const [first, second] = [await given.open(), await given.open()];
    const keys = runs.map((run) => run.id);
    await first.tx.lockRuns([keys[0] ?? 0]);
    const late = second.tx.lockRuns(keys.toReversed());
    expect(await given.waits(late)).toBe(true);
    await first.tx.adjustUnfinished([{ runKey: keys[0] ?? 0, delta: -1 }]);
    await first.commit();
    expect((await late).map((run) => [run.id, run.unfinished])).toEqual([
      [keys[0], 4],
      [keys[1], 0],
    ]);
  });

  test("queued, running and restarting instances hold slots; a pool counts their pool slots", async () => {
    const run = await someRun(given.store);
    const [executor, pool] = [someId("executor"), somePool()];
    await given.tx((tx) => tx.insertPool(pool));
    const states = [
      "none",
      "scheduled",
      "queued",
      "running",
      "restarting",
      "deferred",
      "up_for_retry",
      "success",
    ] as const;
    for (const [mapIndex, state] of states.entries()) {
      await someTaskInstance(given.store, {
        run,
        executor,
        pool: pool.name,
        poolSlots: 2,
        taskId: "t",
        mapIndex,
        state,
      });
    }
    await someTaskInstance(given.store, { run, taskId: "other", state: "queued" });
    const live = await given.tx((tx) =>
      tx.countLiveSlots({
        executors: [executor, someId("executor")],
        pools: [pool.name],
        runKeys: [run.id],
        tasks: [{ dagId: run.dagId, taskId: "t" }],
        runTasks: [
          { runKey: run.id, taskId: "t" },
          { runKey: run.id, taskId: "other" },
        ],
      }),
    );
    expect([...live.executors].filter(([, count]) => count > 0)).toEqual([[executor, 3]]);
    expect(live.pools).toEqual(new Map([[pool.name, 6]]));
    expect(live.runs).toEqual(new Map([[run.id, 4]]));
    expect(live.tasks).toEqual(new Map([[`${run.dagId} t`, 3]]));
    expect(live.runTasks).toEqual(
      new Map([
        [`${run.id} t`, 3],
        [`${run.id} other`, 1],
      ]),
    );
  });

  test("a pool that includes deferred instances counts them", async () => {
    const pool = { ...somePool(), includeDeferred: true };
    await given.tx((tx) => tx.insertPool(pool));
    await someTaskInstance(given.store, { pool: pool.name, poolSlots: 3, state: "deferred" });
    await someTaskInstance(given.store, { pool: pool.name, state: "running" });
    const live = await given.tx((tx) => tx.countLiveSlots({ ...nothing, pools: [pool.name] }));
    expect(live.pools.get(pool.name)).toBe(4);
  });

  test("only what is named is counted, and nothing live counts as 0", async () => {
    await someTaskInstance(given.store, { state: "running" });
    const none = await given.tx((tx) => tx.countLiveSlots(nothing));
    for (const counts of [none.executors, none.pools, none.runs, none.tasks, none.runTasks])
      expect(counts.size).toBe(0);
    const run = await someRun(given.store);
    const live = await given.tx((tx) => tx.countLiveSlots({ ...nothing, runKeys: [run.id] }));
    expect(live.runs.get(run.id) ?? 0).toBe(0);
  });

  test("a task limit of a Dag counts all its runs", async () => {
    const dag = await publish(given.store);
    for (const mapIndex of [0, 1]) {
      const run = await someRun(given.store, { dag });
      await someTaskInstance(given.store, { run, taskId: "t", mapIndex, state: "queued" });
    }
    const tasks = [{ dagId: dag.dagId, taskId: "t" }];
    const live = await given.tx((tx) => tx.countLiveSlots({ ...nothing, tasks }));
    expect(live.tasks.get(`${dag.dagId} t`)).toBe(2);
  });
}
