import { publish, someRun, someTaskInstance } from "@airloom/testkit";
import { expect, test } from "vitest";
import { createMemoryStore } from "./memory-store.ts";

/** A clock that stands still until it is set. */
const someClock = () => {
  let time = Date.UTC(2030, 0, 1);
  return {
    now: () => new Date(time),
    advance: (ms: number) => {
      time += ms;
    },
  };
};

test("the injected clock is the only time there is", async () => {
  const clock = someClock();
  const store = createMemoryStore({ clock });
  const row = await someTaskInstance(store, { state: "running", claim: { leaseMs: 1_000 } });
  const expired = () => store.tx((tx) => tx.listExpiredLeases(500, 10));
  expect(row.leaseUntil).toEqual(new Date(Date.UTC(2030, 0, 1, 0, 0, 1)));
  clock.advance(1_499);
  expect(await expired()).toEqual([]);
  clock.advance(1);
  expect(await expired()).toEqual([row]);
});

test("a lease given after a wait starts when it is given, not when its transaction began", async () => {
  const clock = someClock();
  const store = createMemoryStore({ clock });
  const row = await someTaskInstance(store, { state: "queued" });
  const leaseUntil = await store.tx(async (tx) => {
    clock.advance(5_000);
    const options = { executor: "local", queues: [row.queue], workerId: "w", tokenHashes: ["t"], warmArtifacts: [] };
    const [claimed] = await tx.claimQueued({ ...options, leaseMs: 1_000 });
    expect(tx.now).toEqual(new Date(Date.UTC(2030, 0, 1)));
    return claimed?.leaseUntil;
  });
  expect(leaseUntil).toEqual(new Date(Date.UTC(2030, 0, 1, 0, 0, 6)));
});

test("each verb, the commit and what follows it are steps", async () => {
  const points: string[] = [];
  const store = createMemoryStore({
    clock: someClock(),
    step: async (point) => {
      points.push(point);
    },
  });
  await store.tx(async (tx) => {
    await Promise.all([tx.findPool("default_pool"), tx.wakeRuns([1], "test")]);
  });
  expect(points).toEqual(["findPool", "wakeRuns", "commit", "committed"]);
});

test.each(["moveRun", "adjustUnfinished", "commit"])(
  "who crashes before %s leaves neither writes nor locks",
  async (crash) => {
    let armed = false;
    const store = createMemoryStore({
      clock: someClock(),
      step: async (point) => {
        if (armed && point === crash) throw new Error("crashed");
      },
    });
    const run = await someRun(store);
    armed = true;
    const crashing = store.tx(async (tx) => {
      await tx.lockRuns([run.id]);
      await tx.moveRun({ runKey: run.id, from: "running", to: "failed" });
      await tx.adjustUnfinished([{ runKey: run.id, delta: 1 }]);
    });
    await expect(crashing).rejects.toThrow("crashed");
    armed = false;
    expect(await store.tx((tx) => tx.lockRuns([run.id]))).toEqual([run]);
  },
);

test("who crashes after the commit does not know it, but it is done", async () => {
  let armed = false;
  const store = createMemoryStore({
    clock: someClock(),
    step: async (point) => {
      if (armed && point === "committed") throw new Error("connection lost");
    },
  });
  const { dagId } = await publish(store);
  armed = true;
  await expect(store.tx((tx) => tx.setPaused([dagId], true))).rejects.toThrow("connection lost");
  armed = false;
  expect(await store.tx((tx) => tx.findDag(dagId))).toMatchObject({ isPaused: true });
});

test("a failed verb ends its transaction, even if its error is caught", async () => {
  const store = createMemoryStore({ clock: someClock() });
  const { dagId } = await publish(store);
  const careless = store.tx(async (tx) => {
    await tx.setPaused([dagId], true);
    await tx.moveTaskInstances([{ id: "x", from: "none", attempt: 0, to: "queued" }]).catch(() => {});
  });
  await expect(careless).rejects.toThrow(/illegal/);
  expect(await store.tx((tx) => tx.findDag(dagId))).toMatchObject({ isPaused: false });
});

test("a transaction that meets a deadlock every time gives up", async () => {
  const store = createMemoryStore({ clock: someClock() });
  const [a, b] = [await publish(store), await publish(store)];
  let tries = 0;
  const unlucky = store.tx(async (tx) => {
    tries += 1;
    await tx.lockDags([a.dagId], { wait: true });
    let waitsForA: Promise<unknown> = Promise.resolve();
    await new Promise<void>((holdsB) => {
      waitsForA = store.tx(async (other) => {
        await other.lockDags([b.dagId], { wait: true });
        holdsB();
        await other.lockDags([a.dagId], { wait: true });
      });
    });
    await tx.lockDags([b.dagId], { wait: true });
    await waitsForA;
  });
  await expect(unlucky).rejects.toThrow(/deadlock/);
  expect(tries).toBe(10);
});

test("a caller's later change does not reach what is stored", async () => {
  const store = createMemoryStore({ clock: someClock() });
  const conf = { list: [1] };
  const run = await someRun(store, { conf });
  conf.list.push(2);
  const value = Uint8Array.of(1);
  const place = { runKey: run.id, taskId: "t", mapIndex: -1, key: "k" };
  await store.tx((tx) => tx.putXComs([{ ...place, value, elements: null, length: null }]));
  value[0] = 9;
  expect(await store.tx((tx) => tx.findRun(run.dagId, run.runId))).toMatchObject({ conf: { list: [1] } });
  expect(await store.tx((tx) => tx.findXCom(place))).toMatchObject({ value: Uint8Array.of(1) });
});

test("a closed store begins no transaction", async () => {
  const store = createMemoryStore({ clock: someClock() });
  await store.close();
  await expect(store.tx((tx) => tx.listPools())).rejects.toThrow(/closed/);
});
