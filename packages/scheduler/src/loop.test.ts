import { expect, test } from "vitest";
import { createLoop, type LoopOptions } from "./loop.ts";

/** Timers that only go off by hand. */
function manualTimers() {
  const pending: { readonly ms: number; readonly callback: () => void }[] = [];
  return {
    pending,
    after(ms: number, callback: () => void) {
      const timer = { ms, callback };
      pending.push(timer);
      return () => void (pending.includes(timer) && pending.splice(pending.indexOf(timer), 1));
    },
    goOff() {
      pending.splice(0, 1)[0]?.callback();
    },
  };
}

/** Everything that could happen without a timer has happened. */
const quiet = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A started loop; `passes` answers one pass after the other, the last one for ever. */
async function started(passes: readonly (boolean | Error | Promise<boolean>)[], given: Partial<LoopOptions> = {}) {
  const timers = manualTimers();
  const errors: unknown[] = [];
  const listeners = new Set<() => void>();
  let count = 0;
  const loop = createLoop({
    name: "loop",
    timers,
    pollMs: 1_000,
    pass: async () => {
      const answer = passes[Math.min(count, passes.length - 1)] ?? false;
      count += 1;
      if (answer instanceof Error) throw answer;
      return answer;
    },
    wakers: [
      (wake) => {
        listeners.add(wake);
        return () => void listeners.delete(wake);
      },
    ],
    onError: (error) => errors.push(error),
    ...given,
  });
  await loop.start();
  await quiet();
  return {
    loop,
    timers,
    errors,
    listeners,
    hint: () => {
      for (const listener of listeners) listener();
      return quiet();
    },
    goOff: () => {
      timers.goOff();
      return quiet();
    },
    count: () => count,
    waits: () => timers.pending.map(({ ms }) => ms),
  };
}

test("it looks again at once while there is work, then polls, ever more rarely while there is none", async () => {
  const at = await started([true, true, false]);
  const waits = [at.waits()];
  for (let time = 0; time < 6; time += 1) {
    await at.goOff();
    waits.push(at.waits());
  }
  expect(waits).toEqual([[1_000], [2_000], [3_000], [4_000], [5_000], [5_000], [5_000]]);
  await at.hint();
  expect([at.count(), at.waits()]).toEqual([10, [1_000]]);
});

test("a loop that nobody calls awake polls as often as it was told", async () => {
  const at = await started([false], { wakers: [] });
  await at.goOff();
  await at.goOff();
  expect([at.count(), at.waits()]).toEqual([3, [1_000]]);
});

test("hints that come soon after another are one with it", async () => {
  const at = await started([false], { gatherMs: 10 });
  await at.hint();
  await at.hint();
  await at.hint();
  expect([at.count(), at.waits()]).toEqual([1, [10]]);
  await at.goOff();
  expect([at.count(), at.waits()]).toEqual([2, [1_000]]);
});

test("it stops while it gathers hints", async () => {
  const at = await started([false], { gatherMs: 10 });
  await at.hint();
  await at.loop.stop("test");
  expect([at.waits(), at.listeners.size]).toEqual([[], 0]);
});

test("a hint ends the wait, and leaves no timer behind", async () => {
  const at = await started([false]);
  await at.hint();
  expect([at.count(), at.waits()]).toEqual([2, [1_000]]);
});

test("a hint that comes while a pass is under way is not lost", async () => {
  let end: (did: boolean) => void = () => {};
  const at = await started([
    new Promise((resolve) => {
      end = resolve;
    }),
    false,
  ]);
  await at.hint();
  expect(at.count()).toBe(1);
  end(false);
  await quiet();
  expect([at.count(), at.waits()]).toEqual([2, [1_000]]);
});

test("a hint that comes while it asks what is due is not lost", async () => {
  let tell: (due: number | null) => void = () => {};
  const at = await started([false], {
    dueIn: () =>
      new Promise((resolve) => {
        tell = resolve;
      }),
  });
  await at.hint();
  tell(null);
  await quiet();
  expect(at.count()).toBe(2);
});

test.each([
  [250, 250],
  [5_000, 1_000],
  [null, 1_000],
  // Overdue, and the pass could do nothing about it: no reason to spin.
  [0, 1_000],
  [-60_000, 1_000],
])("with something due in %j ms it sleeps %d ms", async (due, sleeps) => {
  const at = await started([false], { dueIn: async () => due });
  expect([at.count(), at.waits()]).toEqual([1, [sleeps]]);
});

test("an error is told and waited out, longer each time; a pass that works ends that", async () => {
  const broken = new Error("no database");
  const at = await started([broken, broken, broken, false, broken, broken]);
  const waits: number[][] = [at.waits()];
  for (let time = 0; time < 5; time += 1) {
    await at.goOff();
    waits.push(at.waits());
  }
  expect(waits).toEqual([[200], [400], [800], [1_000], [200], [400]]);
  expect(at.errors).toEqual([broken, broken, broken, broken, broken]);
});

test("the wait after an error never grows past five seconds, and hints do not shorten it", async () => {
  const at = await started([new Error("still broken")]);
  for (let time = 0; time < 12; time += 1) await at.goOff();
  expect(at.waits()).toEqual([5_000]);
  const before = at.count();
  await at.hint();
  await at.hint();
  expect([at.count(), at.waits()]).toEqual([before, [5_000]]);
});

test("an error while it asks what is due is waited out like any other", async () => {
  const at = await started([false], { dueIn: () => Promise.reject(new Error("gone")) });
  expect([at.errors.length, at.waits()]).toEqual([1, [200]]);
});

test("it stops from its sleep, listens to nobody any more, and may be stopped twice", async () => {
  const at = await started([false]);
  await at.loop.stop("test");
  await at.loop.stop("test");
  expect([at.waits(), at.listeners.size, at.count()]).toEqual([[], 0, 1]);
});

test("it stops from the wait after an error", async () => {
  const at = await started([new Error("broken")]);
  await at.loop.stop("test");
  expect([at.waits(), at.count()]).toEqual([[], 1]);
});

test("stopping waits for the pass that is under way", async () => {
  let end: (did: boolean) => void = () => {};
  const at = await started([
    new Promise((resolve) => {
      end = resolve;
    }),
  ]);
  let stopped = false;
  const stopping = at.loop.stop("test").then(() => {
    stopped = true;
  });
  await quiet();
  expect(stopped).toBe(false);
  end(true);
  await stopping;
  expect(at.count()).toBe(1);
});
