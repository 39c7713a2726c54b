import { tries } from "@airloom/testkit/properties";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bestOf } from "../../test/best-of.ts";
import { later, noon } from "../../test/view-builder.ts";
import { type AdmissionCandidate, admit, type Capacity, taskSlotKey } from "./admission.ts";

const candidate = (id: string, more: Partial<AdmissionCandidate> = {}): AdmissionCandidate => ({
  id,
  runKey: 1,
  dagId: "orders",
  taskId: id,
  mapIndex: -1,
  executor: "local",
  pool: "default_pool",
  poolSlots: 1,
  priority: 1,
  logicalDate: noon,
  runAfter: noon,
  maxActiveTasks: 100,
  maxActivePerDag: null,
  maxActivePerRun: null,
  ...more,
});

const nothingLive: Capacity["live"] = {
  executors: new Map(),
  pools: new Map(),
  runs: new Map(),
  tasks: new Map(),
  runTasks: new Map(),
};
const capacityOf = (more: Partial<Capacity> = {}, live: Partial<Capacity["live"]> = {}): Capacity => ({
  executors: new Map([["local", 32]]),
  pools: new Map([["default_pool", 128]]),
  pausedDags: new Set(),
  ...more,
  live: { ...nothingLive, ...live },
});

const ids = (candidates: readonly AdmissionCandidate[]) => candidates.map(({ id }) => id);
const many = (count: number, more: (i: number) => Partial<AdmissionCandidate>) =>
  Array.from({ length: count }, (_, i) => candidate(`c${i}`, { mapIndex: i, ...more(i) }));

describe("admit", () => {
  const full: readonly (readonly [string, Partial<AdmissionCandidate>, Capacity])[] = [
    ["dag_paused", {}, capacityOf({ pausedDags: new Set(["orders"]) })],
    ["executor_missing", { executor: "gone" }, capacityOf()],
    ["executor_full", {}, capacityOf({}, { executors: new Map([["local", 32]]) })],
    ["pool_missing", { pool: "gone" }, capacityOf()],
    ["pool_too_small", { poolSlots: 129 }, capacityOf()],
    ["pool_too_small", {}, capacityOf({ pools: new Map([["default_pool", 0]]) })],
    ["pool_full", { poolSlots: 2 }, capacityOf({}, { pools: new Map([["default_pool", 127]]) })],
    ["run_limit", { maxActiveTasks: 2 }, capacityOf({}, { runs: new Map([[1, 2]]) })],
    ["task_limit", { maxActivePerDag: 3 }, capacityOf({}, { tasks: new Map([[taskSlotKey("orders", "a"), 3]]) })],
    ["task_run_limit", { maxActivePerRun: 1 }, capacityOf({}, { runTasks: new Map([[taskSlotKey(1, "a"), 1]]) })],
  ];
  it.each(full)("holds with %s", (code, more, capacity) => {
    const { admitted, held } = admit([candidate("a", more)], capacity);
    expect(admitted).toEqual([]);
    expect(held).toMatchObject([{ candidate: { id: "a" }, code }]);
  });

  it("takes 0 of an executor and -1 of a pool as no limit", () => {
    const free = capacityOf({ executors: new Map([["local", 0]]), pools: new Map([["default_pool", -1]]) });
    expect(
      admit(
        many(500, () => ({ poolSlots: 7, maxActiveTasks: 1_000 })),
        free,
      ).admitted,
    ).toHaveLength(500);
  });

  it("counts what it admits itself", () => {
    const one = capacityOf({ pools: new Map([["default_pool", 3]]) });
    const { admitted, held } = admit(
      many(3, () => ({ poolSlots: 2 })),
      one,
    );
    expect([ids(admitted), held.map(({ code }) => code)]).toEqual([["c0"], ["pool_full", "pool_full"]]);
    const perTask = many(3, () => ({ taskId: "same", maxActivePerDag: 2 }));
    expect(admit(perTask, capacityOf()).admitted).toHaveLength(2);
  });

  it("goes by priority, then the older run, then the map index", () => {
    const candidates = [
      candidate("young", { runKey: 3, logicalDate: later(60) }),
      candidate("old", { runKey: 4, logicalDate: null, runAfter: later(-60) }),
      candidate("second", { runKey: 2, mapIndex: 1, priority: 5 }),
      candidate("first", { runKey: 2, mapIndex: 0, priority: 5 }),
    ];
    expect(ids(admit(candidates, capacityOf()).admitted)).toEqual(["first", "second", "old", "young"]);
  });

  it("lets what fits pass what does not", () => {
    const capacity = capacityOf(
      {
        pools: new Map([
          ["small", 1],
          ["default_pool", 128],
        ]),
      },
      { pools: new Map([["small", 1]]) },
    );
    const { admitted } = admit([candidate("a", { pool: "small", priority: 9 }), candidate("b")], capacity);
    expect(ids(admitted)).toEqual(["b"]);
  });
});

describe("fair share", () => {
  const four = capacityOf({ executors: new Map([["local", 4]]) });
  const wide = many(50, () => ({ runKey: 1, priority: 2 }));
  const runsOf = (admitted: readonly AdmissionCandidate[]) => admitted.map(({ runKey }) => runKey);

  it("keeps half of an executor for others who wait, whatever the wide run's priority", () => {
    const narrow = [candidate("x", { runKey: 2, priority: 1 }), candidate("y", { runKey: 3, priority: 1 })];
    expect(runsOf(admit([...wide, ...narrow], four).admitted)).toEqual([1, 1, 2, 3]);
  });

  it("lets a run have everything while nobody else waits", () => {
    expect(admit(wide, four).admitted).toHaveLength(4);
  });

  it("gives a slot that frees to who waits, not to the run that holds more than half", () => {
    const busy = capacityOf(
      { executors: new Map([["local", 4]]) },
      { executors: new Map([["local", 3]]), runs: new Map([[1, 3]]) },
    );
    expect(runsOf(admit([...wide, candidate("x", { runKey: 2, priority: 1 })], busy).admitted)).toEqual([2]);
  });

  it("holds what is over the share when told that others wait who are not among the candidates", () => {
    const { admitted, held } = admit(wide, { ...four, othersWait: true });
    expect(admitted).toHaveLength(2);
    expect(new Set(held.map(({ code }) => code))).toEqual(new Set(["run_share"]));
  });

  it("takes turns among runs of equal priority", () => {
    const both = [...many(9, () => ({ runKey: 1 })), ...many(9, (i) => ({ id: `d${i}`, runKey: 2 }))];
    expect(runsOf(admit(both, four).admitted)).toEqual([1, 2, 1, 2]);
  });

  it("is the same whatever the order in which candidates come", () => {
    const all = [...wide, candidate("x", { runKey: 2 }), candidate("y", { runKey: 3, priority: 3 })];
    expect(ids(admit(all.toReversed(), four).admitted)).toEqual(ids(admit(all, four).admitted));
  });
});

describe("any candidates over any capacity", () => {
  const anyCandidate = fc.record({
    runKey: fc.integer({ min: 1, max: 4 }),
    taskId: fc.constantFrom("a", "b", "c"),
    executor: fc.constantFrom("local", "queue", "gone"),
    pool: fc.constantFrom("p", "q", "free", "gone"),
    poolSlots: fc.integer({ min: 1, max: 3 }),
    priority: fc.integer({ min: -1, max: 3 }),
    maxActivePerDag: fc.option(fc.integer({ min: 1, max: 4 })),
    maxActivePerRun: fc.option(fc.integer({ min: 1, max: 3 })),
  });
  const situation = fc.record({
    candidates: fc.array(anyCandidate, { maxLength: 40 }),
    local: fc.nat(9),
    queue: fc.nat(4),
    p: fc.nat(6),
    q: fc.nat(3),
    maxActiveTasks: fc.integer({ min: 1, max: 8 }),
    live: fc.array(fc.nat(3), { minLength: 8, maxLength: 8 }),
  });

  it("pass no limit, and leave no room while one that fits it waits", () => {
    fc.assert(
      fc.property(situation, ({ candidates, local, queue, p, q, maxActiveTasks, live }) => {
        const [l = 0, m = 0, n = 0, o = 0, r = 0, s = 0, t = 0, u = 0] = live;
        const all = candidates.map((more, i) =>
          candidate(`c${i}`, { ...more, dagId: `d${more.runKey % 2}`, maxActiveTasks }),
        );
        const capacity = capacityOf(
          {
            executors: new Map([
              ["local", local],
              ["queue", queue],
            ]),
            pools: new Map([
              ["p", p],
              ["q", q],
              ["free", -1],
            ]),
            pausedDags: new Set(s === 3 ? ["d1"] : []),
          },
          {
            executors: new Map([["local", l]]),
            pools: new Map([["p", m]]),
            runs: new Map([[1, n]]),
            tasks: new Map([[taskSlotKey("d0", "a"), o]]),
            runTasks: new Map([[taskSlotKey(1, "b"), r + t + u > 4 ? 1 : 0]]),
          },
        );
        const { admitted, held } = admit(all, capacity);
        expect(new Set([...ids(admitted), ...held.map(({ candidate: { id } }) => id)])).toEqual(new Set(ids(all)));
        // Counted anew and one by one, without the code under test: what is in, what would come on top.
        for (const one of admitted) expect([one.id, overrun(admitted, one, capacity)]).toEqual([one.id, null]);
        for (const { candidate: one, code } of held) {
          expect([one.id, code, overrun([...admitted, one], one, capacity)]).toEqual([
            one.id,
            code,
            expect.any(String),
          ]);
        }
      }),
      tries(400),
    );
  });

  /** The limit that `one` and all of `inside` together pass, or null. */
  function overrun(inside: readonly AdmissionCandidate[], one: AdmissionCandidate, capacity: Capacity): string | null {
    const { live } = capacity;
    const count = (same: (each: AdmissionCandidate) => boolean): number => inside.filter(same).length;
    const slots = inside.filter(({ pool }) => pool === one.pool).reduce((sum, { poolSlots }) => sum + poolSlots, 0);
    const parallelism = capacity.executors.get(one.executor) ?? Number.NaN;
    const size = capacity.pools.get(one.pool) ?? Number.NaN;
    const before = (map: ReadonlyMap<string, number>, key: string): number => map.get(key) ?? 0;
    if (capacity.pausedDags.has(one.dagId)) return "paused";
    if (Number.isNaN(parallelism) || Number.isNaN(size)) return "missing";
    const onExecutor = before(live.executors, one.executor) + count(({ executor }) => executor === one.executor);
    if (parallelism > 0 && onExecutor > parallelism) return "executor";
    if (size >= 0 && before(live.pools, one.pool) + slots > size) return "pool";
    const inRun = (live.runs.get(one.runKey) ?? 0) + count(({ runKey }) => runKey === one.runKey);
    if (inRun > one.maxActiveTasks) return "run";
    const ofTask =
      before(live.tasks, `${one.dagId} ${one.taskId}`) +
      count(({ dagId, taskId }) => dagId === one.dagId && taskId === one.taskId);
    if (one.maxActivePerDag !== null && ofTask > one.maxActivePerDag && isLast(inside, one)) return "task";
    const ofRunTask =
      before(live.runTasks, `${one.runKey} ${one.taskId}`) +
      count(({ runKey, taskId }) => runKey === one.runKey && taskId === one.taskId);
    return one.maxActivePerRun !== null && ofRunTask > one.maxActivePerRun && isLast(inside, one)
      ? "task in run"
      : null;
  }

  /** Candidates of one task may name different limits here: a limit binds when the candidate that names it came in. */
  const isLast = (inside: readonly AdmissionCandidate[], one: AdmissionCandidate): boolean =>
    inside.findLast(({ dagId, taskId }) => dagId === one.dagId && taskId === one.taskId) === one;
});

it("Ten thousand candidates are admitted or held without delay", () => {
  const all = many(10_000, (i) => ({ runKey: i % 50, taskId: `t${i % 200}` }));
  expect(admit(all, capacityOf()).admitted).toHaveLength(32);
  expect(bestOf(() => admit(all, capacityOf()))).toBeLessThan(300);
});
