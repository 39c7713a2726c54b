import { setTimeout as pauseFor } from "node:timers/promises";
import type { Timers } from "@airloom/core";
import type { Executor } from "@airloom/executors";
import { admitWaiting, type Claimed } from "@airloom/runs";
import type { Store } from "@airloom/store";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { OwnedStore } from "../database/clone-store.ts";
import { publish } from "../factories/publish.ts";
import { someId } from "../factories/some-id.ts";
import { someSpec, someTask } from "../factories/some-spec.ts";
import { finish, hold, type RunsUnderTest, runsOver, settle, trigger } from "../runs/drive-runs.ts";

/** An executor over a store; `another` is a second process's store on the same database. */
export interface ExecutorMade extends OwnedStore {
  make(store: Store, timers: Timers): Executor;
  another(): Store;
}

/** Timers whose time is told: `pass(ms)` lets go off what is due by then. */
function toldTimers() {
  let now = 0;
  let waiting: { readonly at: number; readonly callback: () => void }[] = [];
  return {
    after(ms: number, callback: () => void) {
      const timer = { at: now + ms, callback };
      waiting.push(timer);
      return () => {
        waiting = waiting.filter((one) => one !== timer);
      };
    },
    count: () => waiting.length,
    pass(ms: number) {
      now += ms;
      const due = waiting.filter(({ at }) => at <= now);
      waiting = waiting.filter(({ at }) => at > now);
      for (const { callback } of due) callback();
    },
  };
}

/**
 * What every executor promises, over PostgreSQL: its limit at every instant, verbs that may be repeated, and an offer that comes
 * again. The test's store is one of its own, so limits are counted from nothing.
 * @param parallelism The limit that `make` gives it.
 */
export function executorContract(name: string, parallelism: number, open: () => Promise<ExecutorMade>): void {
  describe(`${name} keeps the Executor contract`, () => {
    let made: ExecutorMade;
    let under: RunsUnderTest;
    let executor: Executor;
    let timers: ReturnType<typeof toldTimers>;
    beforeAll(async () => {
      made = await open();
      under = runsOver(made.store);
      timers = toldTimers();
      executor = made.make(made.store, timers);
      await executor.start();
    });
    afterAll(async () => {
      await executor.stop("over");
      await made.close();
    });
    let taken: Claimed[] = [];
    const claim = async (slots: number): Promise<readonly Claimed[]> => {
      const held = await hold(under, { executor: executor.name, slots });
      taken.push(...held);
      return held;
    };
    /** Each test leaves nothing that holds a slot. */
    afterEach(async () => {
      for (;;) {
        await claim(200);
        const ending = taken;
        taken = [];
        for (const one of ending) await finish(under, one);
        if (ending.length === 0 && !(await settle(under.deps))) return;
      }
    });

    const start = async (count: number) => {
      const tasks = Array.from({ length: count }, (_, index) => someTask({ id: `t${index}`, executor: executor.name }));
      const dag = await publish(made.store, someSpec({ tasks, maxActiveTasks: 1_000 }));
      const run = await trigger(under, dag);
      await settle(under.deps);
      return run;
    };
    const states = async (runKey: number) => {
      const rows = await made.store.tx((tx) => tx.listTaskInstances({ runKey }));
      return rows.reduce<Record<string, number>>((counts, { state }) => {
        counts[state] = (counts[state] ?? 0) + 1;
        return counts;
      }, {});
    };
    const queuedOf = async (runKey: number) =>
      (await made.store.tx((tx) => tx.listTaskInstances({ runKey }))).filter(({ state }) => state === "queued");
    /** The next hint of that topic, as another process hears it. */
    const hinted = (topic: "queued" | "admission") => {
      let off = () => {};
      const heard = new Promise<void>((resolve) => {
        off = made.store.onHint(topic, resolve);
      });
      return heard.finally(() => off());
    };

    test("it takes no more than its limit, and says so", async () => {
      const run = await start(parallelism + 3);
      expect(await states(run.id)).toEqual({ queued: parallelism, scheduled: 3 });
      expect(await executor.inspect()).toMatchObject({ parallelism, queued: parallelism, live: parallelism });
      const held = await claim(1);
      expect(await executor.inspect()).toMatchObject({ queued: parallelism - 1, live: parallelism });
      await Promise.all(held.map((one) => finish(under, one)));
      await settle(under.deps);
      expect(await states(run.id)).toEqual({ success: 1, queued: parallelism, scheduled: 2 });
    });

    test("starting it again keeps what is there", async () => {
      const run = await start(1);
      const again = made.make(made.store, toldTimers());
      await again.start();
      expect(await again.inspect()).toEqual(await executor.inspect());
      await again.stop("over");
      await again.stop("over");
      expect(await states(run.id)).toEqual({ queued: 1 });
    });

    test("an offer may be repeated, and hints only while something is queued", async () => {
      const run = await start(1);
      const heard = hinted("queued");
      await executor.offer();
      await executor.offer();
      await heard;
      expect(await states(run.id)).toEqual({ queued: 1 });
      const [held] = await claim(1);
      let told = false;
      const off = made.store.onHint("queued", () => {
        told = true;
      });
      await executor.offer();
      const admission = hinted("admission");
      made.store.hint("admission");
      // Hints of one process come in their order, so the other would have been heard by now.
      await admission;
      off();
      expect([held?.instance.state, told]).toEqual(["running", false]);
    });

    test("what is queued and unclaimed is offered again within ten seconds, time after time", async () => {
      await start(1);
      for (let time = 0; time < 3; time += 1) {
        const heard = hinted("queued");
        timers.pass(10_000);
        await heard;
        // The next one is set once this one's look has ended.
        while (timers.count() === 0) await made.store.tx((tx) => tx.countQueued(executor.name));
      }
    });

    test("what nobody claimed is taken back, once, with no try used; the rest is left alone", async () => {
      const run = await start(parallelism + 1);
      const queued = await queuedOf(run.id);
      const ids = queued.map(({ id }) => id);
      const [held] = await claim(1);
      const other = await made.store.tx((tx) => tx.listTaskInstances({ runKey: run.id }));
      const all = [...other.map(({ id }) => id), "nothing"];
      expect(await executor.withdraw(all)).toBe(parallelism - 1);
      expect(await executor.withdraw(all)).toBe(0);
      expect(await executor.withdraw([])).toBe(0);
      expect((await states(run.id)).running).toBe(1);
      expect(held && ids.includes(held.instance.id)).toBe(true);
      await admitWaiting(under.deps);
      for (const row of await queuedOf(run.id))
        expect(row).toMatchObject({ tryNumber: 1, attempt: ids.includes(row.id) ? 2 : 1 });
    });

    test("of a withdrawal and a claim at the same moment one wins, and nothing is lost", async () => {
      const run = await start(parallelism);
      const ids = (await queuedOf(run.id)).map(({ id }) => id);
      const [withdrawn, held] = await Promise.all([executor.withdraw(ids), claim(parallelism)]);
      expect(withdrawn + held.length).toBeLessThanOrEqual(parallelism);
      const { running = 0, queued = 0, scheduled = 0 } = await states(run.id);
      expect([running, queued + scheduled]).toEqual([held.length, parallelism - held.length]);
    });

    test("its workers' slots are told, while they are awake", async () => {
      const worker = {
        workerId: someId("worker"),
        hostname: "here",
        pid: 1,
        bootId: "boot",
        startTicks: "1",
        executor: executor.name,
        queues: ["default"],
        slots: 5,
      };
      await made.store.tx((tx) => tx.upsertWorker(worker));
      await made.store.tx((tx) => tx.upsertWorker({ ...worker, workerId: someId("worker"), executor: "another" }));
      expect(await executor.inspect()).toMatchObject({ slots: 5 });
      await made.shiftClock(61_000);
      expect(await executor.inspect()).toMatchObject({ slots: 0 });
    });

    test("its limit holds at every instant, with several schedulers and workers on one database", async () => {
      const schedulers = [under, runsOver(made.another()), runsOver(made.another())];
      const total = parallelism * 6;
      const runs = [await start(total / 2), await start(total / 2)];
      let most = 0;
      let over = false;
      const sample = async () => {
        while (!over) {
          const slots = await made.store.tx((tx) =>
            tx.countLiveSlots({ executors: [executor.name], pools: [], runKeys: [], tasks: [], runTasks: [] }),
          );
          most = Math.max(most, slots.executors.get(executor.name) ?? 0);
        }
      };
      const scheduling = schedulers.map(async ({ deps }) => {
        while (!over) if (!(await settle(deps))) await pauseFor(1);
      });
      let done = 0;
      const working = schedulers.map(async (at) => {
        while (done < total) {
          const held = await hold(at, { executor: executor.name, slots: 3 });
          if (held.length === 0) await pauseFor(1);
          for (const one of held) {
            expect(await finish(at, one)).toBe("recorded");
            done += 1;
          }
        }
      });
      const sampling = [sample(), sample()];
      await Promise.allSettled(working);
      over = true;
      await Promise.all([...scheduling, ...sampling]);
      await Promise.all(working);
      expect([done, most]).toEqual([total, parallelism]);
      for (const run of runs) expect(await states(run.id)).toEqual({ success: total / 2 });
    });

    test("once stopped it offers nothing more", async () => {
      const last = toldTimers();
      const other = made.make(made.store, last);
      await other.start();
      expect(last.count()).toBe(1);
      await other.stop("over");
      expect(last.count()).toBe(0);
    });
  });
}
