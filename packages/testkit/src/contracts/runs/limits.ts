import { expect, test } from "vitest";
import { someId } from "../../factories/some-id.ts";
import { settle } from "../../runs/drive-runs.ts";
import { failing, type RunsGiven, task } from "./runs-given.ts";

const ids = (held: readonly { readonly task: { readonly id: string } }[]) => held.map((one) => one.task.id);

export function limitPromises(given: RunsGiven): void {
  const pool = async (slots: number): Promise<string> => {
    const name = someId("pool");
    await given.store.tx((tx) => tx.insertPool({ name, slots, description: null, includeDeferred: false }));
    return name;
  };

  test("what has more weight goes first: by default what most depends on", async () => {
    const name = await pool(1);
    const { queue } = await given.start([
      task("leaf", [], { pool: name, priorityWeight: 2 }),
      task("trunk", [], { pool: name }),
      task("branch", ["trunk"], { pool: name, priorityWeight: 2 }),
      task("twig", ["branch"], { pool: name }),
    ]);
    expect(await given.work(queue)).toEqual(["trunk", "branch", "leaf", "twig"]);
  });

  test("a pool's slots are never more than it has, and each that is freed is used", async () => {
    const name = await pool(2);
    const { queue, run } = await given.start(["a", "b", "c", "d", "e"].map((id) => task(id, [], { pool: name })));
    const [first, second] = await given.hold(queue);
    expect(await given.hold(queue)).toEqual([]);
    if (!first || !second) throw new Error("two slots, two tasks");
    await given.finish(first);
    expect(await given.hold(queue)).toHaveLength(1);
    await given.finish(second);
    await given.work(queue);
    const left = Object.values(await given.states(run)).filter((state) => state === "running");
    expect(left.length).toBeLessThanOrEqual(2);
  });

  test("a task of several slots waits until they are free, and smaller ones may overtake it", async () => {
    const name = await pool(3);
    const absolute = { pool: name, weightRule: "absolute" as const };
    const { queue } = await given.start([
      task("one", [], { ...absolute, priorityWeight: 9 }),
      task("wide", [], { ...absolute, priorityWeight: 5, poolSlots: 3 }),
      task("small", [], { ...absolute, priorityWeight: 1, poolSlots: 2 }),
    ]);
    const first = await given.hold(queue);
    expect(ids(first)).toEqual(["one", "small"]);
    for (const one of first) await given.finish(one);
    await settle(given.under.deps);
    expect(ids(await given.hold(queue))).toEqual(["wide"]);
  });

  test("a task that needs more slots than its pool has waits until the pool grows", async () => {
    const name = await pool(1);
    const { queue } = await given.start([task("wide", [], { pool: name, poolSlots: 2 })]);
    expect(await given.next(queue)).toEqual([]);
    await given.store.tx((tx) => tx.updatePool({ name, slots: 2, description: null, includeDeferred: false }));
    expect(await given.next(queue)).toEqual(["wide"]);
  });

  test("a pool that is not there holds its tasks and nobody else's", async () => {
    const name = someId("pool");
    const { queue } = await given.start([task("lost", [], { pool: name }), task("fine")]);
    expect(await given.next(queue)).toEqual(["fine"]);
    await given.store.tx((tx) => tx.insertPool({ name, slots: 1, description: null, includeDeferred: false }));
    expect(await given.next(queue)).toEqual(["lost"]);
  });

  test("a task's limit over all runs of its Dag", async () => {
    const { queue, dag } = await given.publish([task("a", [], { maxActivePerDag: 2 })]);
    for (let run = 0; run < 4; run += 1) await given.trigger(dag);
    const held = await given.hold(queue);
    expect(held).toHaveLength(2);
    expect(await given.next(queue)).toEqual([]);
    for (const one of held) await given.finish(one);
    expect(await given.next(queue)).toEqual(["a", "a"]);
  });

  test("a Dag's limit of tasks in one run is each run's own", async () => {
    const { queue, dag } = await given.publish(
      ["a", "b", "c"].map((id) => task(id)),
      { maxActiveTasks: 2 },
    );
    await given.trigger(dag);
    await given.trigger(dag);
    expect(await given.hold(queue)).toHaveLength(4);
    expect(await given.next(queue)).toEqual([]);
  });

  test("a Dag's limit of active runs lets the oldest start first", async () => {
    const { queue, dag } = await given.publish([task("a")], { maxActiveRuns: 1 });
    await given.trigger(dag);
    const on = (day: number) => ({ runAfter: new Date(Date.UTC(2021, 0, day)) });
    const late = await given.trigger(dag, on(9));
    const early = await given.trigger(dag, on(3));
    await given.finish(await given.holdOne(queue));
    await settle(given.under.deps);
    expect([(await given.states(late))["(run)"], (await given.states(early))["(run)"]]).toEqual(["queued", "running"]);
  });

  test("a paused Dag starts nothing: queued runs stay queued, scheduled tasks scheduled; what runs goes on", async () => {
    const name = await pool(1);
    const { queue, dag, run } = await given.start([task("a", [], { pool: name }), task("b", [], { pool: name })]);
    const first = await given.holdOne(queue);
    await given.store.tx((tx) => tx.setPaused([dag.dagId], true));
    const second = await given.trigger(dag);
    await given.finish(first);
    expect(await given.next(queue)).toEqual([]);
    expect(Object.values(await given.states(run)).toSorted()).toEqual(["running", "scheduled", "success"]);
    expect((await given.states(second))["(run)"]).toBe("queued");
    await given.store.tx((tx) => tx.setPaused([dag.dagId], false));
    await given.work(queue);
    expect([(await given.states(run))["(run)"], (await given.states(second))["(run)"]]).toEqual(["success", "success"]);
  });

  test("a run that is for later waits for its time", async () => {
    const { queue, dag } = await given.publish([task("a")]);
    const { now } = await given.store.tx(async (tx) => {
      await tx.findDag(dag.dagId);
      return { now: tx.now };
    });
    await given.trigger(dag, { runAfter: new Date(now.getTime() + 60_000) });
    expect(await given.next(queue)).toEqual([]);
    await given.shiftClock(61_000);
    expect(await given.next(queue)).toEqual(["a"]);
  });

  test("so many failed runs in a row pause the Dag; a success in between begins anew", async () => {
    const { queue, dag } = await given.publish([task("a")], { maxConsecutiveFailedRuns: 2 });
    const isPaused = async () => (await given.store.tx((tx) => tx.findDag(dag.dagId)))?.isPaused;
    for (const answer of [failing("a"), failing(), failing("a")]) {
      await given.trigger(dag);
      await given.work(queue, answer);
      expect(await isPaused()).toBe(false);
    }
    await given.trigger(dag);
    await given.work(queue, failing("a"));
    expect(await isPaused()).toBe(true);
    expect(given.under.events.filter(({ event, dagId }) => event === "dag:paused" && dagId === dag.dagId)).toEqual([
      { event: "dag:paused", dagId: dag.dagId, reason: "2 runs in a row failed" },
    ]);
  });
}
