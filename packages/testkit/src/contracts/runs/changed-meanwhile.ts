import { expect, test } from "vitest";
import { publish } from "../../factories/publish.ts";
import { someSpec } from "../../factories/some-spec.ts";
import { settle } from "../../runs/drive-runs.ts";
import { bytes, type RunsGiven, task } from "./runs-given.ts";

/** A finish is written on the assumption that its run is as it was at the claim. Here it is not. */
export function changedMeanwhilePromises(given: RunsGiven): void {
  test("a run that went back to queued since the claim: the outcome is kept, and nothing goes on before the run does", async () => {
    const { run, queue } = await given.start([task("a"), task("b", ["a"])]);
    const held = await given.holdOne(queue);
    await given.store.tx((tx) => tx.moveRun({ runKey: run.id, from: "running", to: "queued" }));
    expect(await given.finish(held, { kind: "succeeded", value: bytes(1) })).toBe("recorded");
    expect(await given.states(run)).toEqual({ "(run)": "queued", a: "success", b: "none" });
    await settle(given.under.deps);
    expect(await given.work(queue)).toEqual(["b"]);
    expect((await given.states(run))["(run)"]).toBe("success");
  });

  test("a run that was pinned to another version since the claim goes on by that one", async () => {
    const { dag, run, queue } = await given.start([task("a"), task("b", ["a"])]);
    const held = await given.holdOne(queue);
    const apart = someSpec({ dagId: dag.dagId, tasks: [task("a", [], { queue }), task("b", [], { queue })] });
    const { versionId } = await publish(given.store, apart, { specHash: "apart" });
    expect(versionId).not.toBe(run.versionId);
    await given.store.tx(async (tx) => {
      await tx.moveRun({ runKey: run.id, from: "running", to: "queued", versionId });
      await tx.moveRun({ runKey: run.id, from: "queued", to: "running" });
    });
    expect(await given.finish(held)).toBe("recorded");
    expect(await given.states(run)).toEqual({ "(run)": "running", a: "success", b: "none" });
  });

  test("a run that was deleted since the claim: the finish is fenced, and leaves nothing", async () => {
    const { run, queue } = await given.start([task("a"), task("b", ["a"])]);
    const held = await given.holdOne(queue);
    await given.store.tx((tx) => tx.deleteRun(run.id));
    expect(await given.finish(held, { kind: "succeeded", value: bytes(1) })).toBe("fenced");
    expect(await given.store.tx((tx) => tx.listXComs(run.id, { taskIds: ["a"], key: "return_value" }))).toEqual([]);
  });

  test("two finishes of one run in one transaction, of which one is stale: the other is recorded, and what follows it goes on", async () => {
    const { run, queue } = await given.start([task("a"), task("b"), task("c", ["a"]), task("d", ["b"])]);
    const held = await given.hold(queue);
    const [first, second] = held;
    if (!first || !second) throw new Error("both are held");
    const results = await Promise.all([given.finish(first), given.finish(second), given.finish(second)]);
    expect(results.toSorted()).toEqual(["recorded", "recorded", "repeated"]);
    expect(await given.states(run)).toMatchObject({ a: "success", b: "success", c: "queued", d: "queued" });
  });

  test("what a finish schedules waits when its limits are full, and is admitted once they are not", async () => {
    const { run, queue } = await given.start([task("a"), task("x"), task("b", ["a"]), task("c", ["a"])], {
      maxActiveTasks: 2,
    });
    const held = await given.hold(queue);
    const a = held.find((one) => one.task.id === "a");
    const x = held.find((one) => one.task.id === "x");
    if (!a || !x) throw new Error("both are held");
    await given.finish(a);
    const { b, c } = (await given.states(run)) as { b: string; c: string };
    expect([b, c].toSorted()).toEqual(["queued", "scheduled"]);
    await given.finish(x);
    expect(await given.states(run)).toMatchObject({ b: "queued", c: "queued" });
  });

  test("of more than a finish admits at once none is forgotten", async () => {
    const wide = Array.from({ length: 90 }, (_, n) => task(`w${n}`, ["a"], { priorityWeight: (n % 3) + 1 }));
    const { run, queue } = await given.start([task("a"), ...wide], { maxActiveTasks: 1_000 });
    await given.finish(await given.holdOne(queue));
    expect(Object.values(await given.states(run)).filter((state) => state === "queued")).toHaveLength(90);
  });
}
