import { createAndStart } from "@airloom/runs";
import { expect, test } from "vitest";
import { finish, hold, runsOver, settle, someRunRequest } from "../../runs/drive-runs.ts";
import { failure, type RunsGiven, task } from "./runs-given.ts";

/** What holds when more than one API server hands out attempts and takes outcomes. */
export function severalPromises(given: RunsGiven): void {
  test("an outcome may arrive elsewhere than where its attempt was claimed", async () => {
    const other = runsOver(given.store);
    const { queue, run } = await given.start([task("a"), task("b", ["a"])]);
    expect(await finish(other, await given.holdOne(queue))).toBe("recorded");
    for (const one of await hold(other, { queue })) expect(await given.finish(one)).toBe("recorded");
    expect((await given.states(run))["(run)"]).toBe("success");
  });

  test("what one server remembers of an older attempt does not count tries for a newer one", async () => {
    const other = runsOver(given.store);
    const { queue, run } = await given.start([task("a", [], { retries: 1, retryDelaySeconds: 0 })]);
    await finish(other, await given.holdOne(queue), failure);
    await settle(other.deps);
    const [second] = await hold(other, { queue });
    if (!second) throw new Error("it is tried again");
    expect(await given.finish(second, failure)).toBe("recorded");
    expect(await given.states(run)).toEqual({ "(run)": "failed", a: "failed" });
  });

  test("the same outcome sent to two servers at once is recorded once", async () => {
    const other = runsOver(given.store);
    const { queue, run } = await given.start([task("a"), task("b", ["a"])]);
    const held = await given.holdOne(queue);
    const answers = await Promise.all([given.finish(held), finish(other, held), given.finish(held)]);
    expect(answers.toSorted()).toEqual(["recorded", "repeated", "repeated"]);
    expect(await given.states(run)).toEqual({ "(run)": "running", a: "success", b: "queued" });
  });

  test("a task that depends on the past goes on when the run before is settled while its own run starts", async () => {
    const tasks = [task("a", [], { dependsOnPast: true })];
    const before = new Date("2030-01-01T00:00:00Z");
    const { queue, dag } = await given.publish(tasks);
    await given.trigger(dag, { logicalDate: before });
    const held = await given.holdOne(queue);
    const { deps } = given.under;
    let ending: Promise<unknown> = Promise.resolve();
    const created = await deps.store.tx(async (tx) => {
      await tx.lockDags([dag.dagId], { wait: true });
      const version = await deps.versions.load(tx, dag.versionId);
      const request = someRunRequest({ logicalDate: new Date(before.getTime() + 1_000) });
      const second = await createAndStart({ tx, deps, version }, dag, request);
      // Nobody else sees the second run yet: what ends now could not wake it, and waits until it is there.
      ending = given.finish(held);
      return second;
    });
    if (!created) throw new Error("there is no such run yet");
    expect(await ending).toBe("recorded");
    await settle(deps);
    expect(await given.states(created.run)).toEqual({ "(run)": "running", a: "queued" });
  });

  test("a run that starts while the one before is being settled waits for that, and goes on", async () => {
    const tasks = [task("a", [], { dependsOnPast: true })];
    const before = new Date("2030-01-01T00:00:00Z");
    const { queue, dag } = await given.publish(tasks);
    const first = await given.trigger(dag, { logicalDate: before });
    const held = await given.holdOne(queue);
    const { deps } = given.under;
    const order: string[] = [];
    let starting: Promise<unknown> = Promise.resolve();
    await deps.store.tx(async (tx) => {
      // As a finish does: its run is locked, and others were woken before the second run was there.
      await tx.lockRuns([first.id]);
      starting = given
        .trigger(dag, { logicalDate: new Date(before.getTime() + 1_000) })
        .finally(() => order.push("started"));
      await tx.listPools();
      order.push("settled");
    });
    await starting;
    expect(order).toEqual(["settled", "started"]);
    expect(await given.finish(held)).toBe("recorded");
  });

  test("a stale outcome in a batch is left out, and those beside it count", async () => {
    const tasks = [task("first"), task("good"), task("stale"), task("after_good", ["good"])];
    const { queue, run } = await given.start(tasks);
    const held = await hold(given.under, { queue });
    const byTask = (id: string) => {
      const found = held.find(({ instance }) => instance.taskId === id);
      if (!found) throw new Error(`${id} is held`);
      return found;
    };
    const stale = byTask("stale");
    const forged = { ...stale, instance: { ...stale.instance, tokenHash: "of someone else" } };
    // The first one has the lane to itself; the two that come meanwhile are one batch.
    const answers = await Promise.all([byTask("first"), byTask("good"), forged].map((one) => given.finish(one)));
    expect(answers).toEqual(["recorded", "recorded", "fenced"]);
    expect(await given.finish(stale)).toBe("recorded");
    expect(await given.states(run)).toMatchObject({ good: "success", stale: "success", after_good: "queued" });
  });
}
