import { expect, test } from "vitest";
import { publish } from "../../factories/publish.ts";
import { someId } from "../../factories/some-id.ts";
import { someRun } from "../../factories/some-run.ts";
import { someSpec } from "../../factories/some-spec.ts";
import { someNewTaskInstance, someTaskInstance } from "../../factories/some-task-instance.ts";
import type { StoreUnderTest } from "./store-under-test.ts";

const somePool = () => ({ name: someId("pool"), slots: 4, description: null, includeDeferred: false });

export function transactionPromises(given: StoreUnderTest): void {
  test("what a transaction wrote is seen by itself at once and by others after its commit", async () => {
    const pool = somePool();
    const open = await given.open();
    await open.tx.insertPool(pool);
    expect(await open.tx.findPool(pool.name)).toEqual(pool);
    expect(await given.tx((tx) => tx.findPool(pool.name))).toBeNull();
    await open.commit();
    expect(await given.tx((tx) => tx.findPool(pool.name))).toEqual(pool);
  });

  test("a transaction sees what others commit while it is open", async () => {
    const pool = somePool();
    const open = await given.open();
    expect(await open.tx.findPool(pool.name)).toBeNull();
    await given.tx((tx) => tx.insertPool(pool));
    expect(await open.tx.findPool(pool.name)).toEqual(pool);
  });

  test("a transaction that throws leaves nothing behind and throws the same error", async () => {
    const pool = somePool();
    const dag = await publish(given.store);
    const failure = new Error("on purpose");
    const failing = given.tx(async (tx) => {
      await tx.insertPool(pool);
      await tx.setPaused([dag.dagId], true);
      throw failure;
    });
    await expect(failing).rejects.toBe(failure);
    expect(await given.tx((tx) => tx.findPool(pool.name))).toBeNull();
    expect(await given.tx((tx) => tx.findDag(dag.dagId))).toEqual(dag);
  });

  test("after a verb failed, the transaction does nothing more and nothing of it stays", async () => {
    const pool = somePool();
    const row = await someTaskInstance(given.store);
    const [run] = await given.tx((tx) => tx.listRunsByKey([row.runKey]));
    if (!run) throw new Error("no run");
    const careless = given.tx(async (tx) => {
      await tx.insertPool(pool);
      const twice = tx.insertTaskInstances([someNewTaskInstance(run, { taskId: row.taskId })]);
      await expect(twice).rejects.toThrow();
      await expect(tx.findPool(pool.name)).rejects.toThrow();
    });
    await expect(careless).rejects.toThrow();
    expect(await given.tx((tx) => tx.findPool(pool.name))).toBeNull();
  });

  test("verbs sent together are done in the order they were called", async () => {
    const pool = somePool();
    const answers = await given.tx((tx) =>
      Promise.all([
        tx.insertPool(pool),
        tx.updatePool({ ...pool, slots: 9 }),
        tx.findPool(pool.name),
        tx.deletePool(pool.name),
        tx.findPool(pool.name),
      ]),
    );
    expect(answers).toEqual([true, true, { ...pool, slots: 9 }, true, null]);
  });

  test("a verb that is called after the end of its transaction throws", async () => {
    const tx = await given.tx(async (own) => own);
    await expect(tx.findPool("default_pool")).rejects.toThrow();
  });

  test("the time of a transaction does not go back", async () => {
    const read = () => given.tx((tx) => tx.listPools().then(() => tx.now));
    const first = await read();
    const second = await read();
    expect(second.getTime()).toBeGreaterThanOrEqual(first.getTime());
  });

  test("who wants to write a row of an open transaction waits, and judges the newest row", async () => {
    const row = await someTaskInstance(given.store, { state: "scheduled" });
    const first = await given.open();
    const second = await given.open();
    const move = { id: row.id, from: "scheduled", attempt: row.attempt } as const;
    expect(await first.tx.moveTaskInstances([{ ...move, to: "queued" }])).toHaveLength(1);
    const late = second.tx.moveTaskInstances([{ ...move, to: "skipped" }]);
    expect(await given.waits(late)).toBe(true);
    await first.commit();
    expect(await late).toEqual([]);
    await second.commit();
    expect(await given.tx((tx) => tx.findTaskInstance(row.id))).toMatchObject({ state: "queued", attempt: 1 });
  });

  test("who waited goes on as if nothing had been when the other rolls back", async () => {
    const row = await someTaskInstance(given.store, { state: "scheduled" });
    const first = await given.open();
    const second = await given.open();
    const move = { id: row.id, from: "scheduled", attempt: row.attempt } as const;
    await first.tx.moveTaskInstances([{ ...move, to: "queued" }]);
    const late = second.tx.moveTaskInstances([{ ...move, to: "skipped" }]);
    expect(await given.waits(late)).toBe(true);
    await first.rollback();
    expect(await late).toMatchObject([{ id: row.id, state: "skipped" }]);
  });

  test("a read does not wait for an open writer: it sees what is committed", async () => {
    const row = await someTaskInstance(given.store, { state: "scheduled" });
    const open = await given.open();
    await open.tx.moveTaskInstances([{ id: row.id, from: "scheduled", attempt: row.attempt, to: "queued" }]);
    expect(await given.tx((tx) => tx.findTaskInstance(row.id))).toEqual(row);
  });

  test("changes that add up wait for each other and lose nothing", async () => {
    const run = await someRun(given.store, { unfinished: 10 });
    const [first, second] = [await given.open(), await given.open()];
    await first.tx.adjustUnfinished([{ runKey: run.id, delta: -3 }]);
    const late = second.tx.adjustUnfinished([{ runKey: run.id, delta: -4 }]);
    expect(await given.waits(late)).toBe(true);
    await first.commit();
    await late;
    await second.commit();
    expect(await given.tx((tx) => tx.listRunsByKey([run.id]))).toMatchObject([{ unfinished: 3 }]);
  });

  test("of two transactions that wait for each other one is run again, and both end", async () => {
    const dags = [await publish(given.store), await publish(given.store)].map((dag) => dag.dagId);
    let meeting = 0;
    let meet: () => void = () => {};
    const met = new Promise<void>((resolve) => {
      meet = resolve;
    });
    const lockBoth = (order: readonly string[]) =>
      given.tx(async (tx) => {
        for (const dagId of order) {
          await tx.lockDags([dagId], { wait: true });
          meeting += 1;
          if (meeting === 2) meet();
          await met;
        }
        await tx.setPaused(order, true);
        return order;
      });
    const both = await Promise.all([lockBoth(dags), lockBoth(dags.toReversed())]);
    expect(both).toEqual([dags, dags.toReversed()]);
    expect(meeting).toBeGreaterThan(4);
    expect(await given.tx((tx) => tx.findDag(dags[0] ?? ""))).toMatchObject({ isPaused: true });
  });

  test("a hint reaches its listeners, own ones included, until they stop listening", async () => {
    let heard = 0;
    const next = () =>
      new Promise<void>((resolve) => {
        const stop = given.store.onHint("runs", () => {
          heard += 1;
          stop();
          resolve();
        });
      });
    const first = next();
    given.store.hint("runs");
    await first;
    const second = next();
    given.store.hint("runs");
    await second;
    // The first listener stopped: it heard nothing of the second hint. Hints may be repeated, so this is all that can be said.
    expect(heard).toBe(2);
  });

  test("a hint does not reach listeners of other topics", async () => {
    let wrong = 0;
    const stopWrong = given.store.onHint("dags", () => {
      wrong += 1;
    });
    const right = new Promise<void>((resolve) => {
      const stop = given.store.onHint("admission", () => {
        stop();
        resolve();
      });
    });
    given.store.hint("admission");
    await right;
    stopWrong();
    expect(wrong).toBe(0);
  });

  test("a Dag keeps what is given as text, odd characters included", async () => {
    const spec = someSpec({ displayName: `Ünï "quoted" 'single' \\ back \u2028 line`, description: "" });
    const dag = await publish(given.store, spec);
    expect((await given.tx((tx) => tx.findVersion(dag.versionId)))?.spec).toEqual(spec);
  });
}
