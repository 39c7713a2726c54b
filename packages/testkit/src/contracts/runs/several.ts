import { expect, test } from "vitest";
import { finish, hold, runsOver, settle } from "../../runs/drive-runs.ts";
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
}
