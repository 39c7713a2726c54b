import type { Claimed } from "@airloom/runs";
import {
  clearTasks,
  endAttempts,
  failTimedOutRuns,
  heartbeat,
  markTasks,
  rescueExpired,
  setRunState,
} from "@airloom/runs";
import { expect, test } from "vitest";
import { someId } from "../../factories/some-id.ts";
import { settle } from "../../runs/drive-runs.ts";
import { bytes, failing, failure, type RunsGiven, task } from "./runs-given.ts";

export function userPromises(given: RunsGiven): void {
  const deps = () => given.under.deps;
  const keyOf = ({ instance }: Claimed) => ({
    taskInstanceId: instance.id,
    attempt: instance.attempt,
    tokenHash: instance.tokenHash ?? "",
  });
  const row = ({ instance }: Claimed) => given.store.tx((tx) => tx.findTaskInstance(instance.id));
  const on = (day: number) => {
    const at = new Date(Date.UTC(2026, 0, day));
    return { logicalDate: at, runAfter: at };
  };

  test("a cleared running task holds its slot until its attempt has ended; only then the next one starts", async () => {
    const pool = someId("pool");
    await given.store.tx((tx) => tx.insertPool({ name: pool, slots: 1, description: null, includeDeferred: false }));
    const { run, queue } = await given.start([task("a", [], { pool, priorityWeight: 5 }), task("b", [], { pool })]);
    const held = await given.holdOne(queue);
    await clearTasks(deps(), run.id, { tasks: [{ taskId: "a" }] });
    expect(await given.states(run)).toMatchObject({ a: "restarting", b: "scheduled" });
    expect(await given.next(queue)).toEqual([]);
    expect(await given.finish(held)).toBe("fenced");
    await endAttempts(deps(), [keyOf(held)]);
    expect(await given.next(queue)).toEqual(["a"]);
    expect(await row(held)).toMatchObject({ state: "running", attempt: 2, tryNumber: 2 });
  });

  test("a cleared running task whose worker is silent starts again when lease and grace are over", async () => {
    const { run, queue } = await given.start([task("a")]);
    await given.holdOne(queue);
    await clearTasks(deps(), run.id, { tasks: null });
    await given.shiftClock(30_000);
    await rescueExpired(deps());
    expect(await given.next(queue)).toEqual([]);
    await given.shiftClock(11_000);
    await rescueExpired(deps());
    expect(await given.next(queue)).toEqual(["a"]);
  });

  test("a cleared task that waits for its retry begins anew at once, with all its retries", async () => {
    const { run, queue } = await given.start([task("a", [], { retries: 2, retryDelaySeconds: 3_600 })]);
    const held = await given.holdOne(queue);
    await given.finish(held, failure);
    expect(await given.next(queue)).toEqual([]);
    await clearTasks(deps(), run.id, { tasks: null });
    expect(await given.next(queue)).toEqual(["a"]);
    expect(await row(held)).toMatchObject({ tryNumber: 2, maxTries: 3, nextDueAt: null });
  });

  test("clearing only what failed leaves the rest alone", async () => {
    const { run, queue, states } = await given.run([task("a"), task("b"), task("c", ["b"])], failing("b"));
    expect(states).toMatchObject({ a: "success", b: "failed", c: "upstream_failed" });
    await clearTasks(deps(), run.id, { tasks: null, onlyFailed: true });
    expect(await given.work(queue)).toEqual(["b", "c"]);
    const [again] = await given.store.tx((tx) => tx.listRunsByKey([run.id]));
    expect(again).toMatchObject({ state: "success", clearNumber: 1 });
  });

  test("clearing what has not begun changes nothing", async () => {
    const { run, queue } = await given.start([task("a"), task("b", ["a"])]);
    expect((await clearTasks(deps(), run.id, { tasks: [{ taskId: "b" }] })).instances).toEqual([]);
    expect(await given.work(queue)).toEqual(["a", "b"]);
  });

  test("a marked running task is fenced at once and lets others go on; its attempt is told to die", async () => {
    const { run, queue } = await given.start([task("a"), task("b", ["a"])]);
    const held = await given.holdOne(queue);
    await markTasks(deps(), run.id, { tasks: [{ taskId: "a" }], to: "success" });
    expect(await given.finish(held, failure)).toBe("fenced");
    expect(await given.next(queue)).toEqual(["b"]);
    const [verdict] = await heartbeat(deps(), "worker", [keyOf(held)]);
    expect(verdict).toMatchObject({ verdict: "cancel", reason: "success" });
    expect((await row(held))?.leaseUntil).not.toBeNull();
    await given.shiftClock(41_000);
    await rescueExpired(deps());
    expect(await row(held)).toMatchObject({ state: "success", leaseUntil: null });
  });

  test("marking the only task ends the run", async () => {
    const { run, queue } = await given.start([task("a")]);
    await given.holdOne(queue);
    await markTasks(deps(), run.id, { tasks: [{ taskId: "a" }], to: "failed" });
    expect(await given.next(queue)).toEqual([]);
    expect(await given.states(run)).toEqual({ "(run)": "failed", a: "failed" });
  });

  test("fail-fast fences what runs, skips what has not begun, and the run fails", async () => {
    const { run, queue } = await given.start([task("a"), task("slow"), task("after", ["slow"])], { failFast: true });
    const held = await given.hold(queue);
    const slow = held.find(({ task: { id } }) => id === "slow");
    for (const one of held) if (one !== slow) await given.finish(one, failure);
    expect(await given.states(run)).toEqual({ "(run)": "failed", a: "failed", slow: "failed", after: "skipped" });
    if (!slow) throw new Error("slow ran");
    expect(await given.finish(slow)).toBe("fenced");
    expect((await heartbeat(deps(), "worker", [keyOf(slow)]))[0]).toMatchObject({ verdict: "cancel" });
  });

  test("fail-fast leaves a task that will be tried again its try", async () => {
    const { run, queue } = await given.start([task("a", [], { retries: 1, retryDelaySeconds: 0 }), task("b")], {
      failFast: true,
    });
    for (const one of await given.hold(queue)) if (one.task.id === "a") await given.finish(one, failure);
    expect(await given.states(run)).toMatchObject({ "(run)": "running", a: "up_for_retry", b: "running" });
  });

  test("a run that took too long fails, and the Dag's next run may start", async () => {
    const { queue, dag, run } = await given.start([task("a"), task("b", ["a"])], {
      runTimeoutSeconds: 60,
      maxActiveRuns: 1,
    });
    const held = await given.holdOne(queue);
    const second = await given.trigger(dag);
    expect(await failTimedOutRuns(deps())).toBe(0);
    await given.shiftClock(61_000);
    expect(await failTimedOutRuns(deps())).toBe(1);
    expect(await failTimedOutRuns(deps())).toBe(0);
    expect(await given.states(run)).toEqual({ "(run)": "failed", a: "skipped", b: "skipped" });
    expect(await given.finish(held)).toBe("fenced");
    expect(await given.next(queue)).toEqual(["a"]);
    expect((await given.states(second))["(run)"]).toBe("running");
  });

  test("runs that time out count among the failed ones in a row", async () => {
    const { dag } = await given.publish([task("a")], { runTimeoutSeconds: 60, maxConsecutiveFailedRuns: 2 });
    for (let time = 0; time < 2; time += 1) {
      await given.trigger(dag);
      await given.shiftClock(61_000);
      await failTimedOutRuns(deps());
    }
    expect(await given.store.tx((tx) => tx.findDag(dag.dagId))).toMatchObject({ isPaused: true });
  });

  test("a new try finds none of the values of the one before, a reschedule finds its own", async () => {
    const { run, queue } = await given.start([task("a", [], { retries: 1, retryDelaySeconds: 0 })]);
    const values = () => given.store.tx((tx) => tx.listXComs(run.id, { taskIds: ["a"], key: "return_value" }));
    const now = () => new Date(0).toISOString();
    await given.finish(await given.holdOne(queue), { kind: "rescheduled", at: now(), value: bytes(1) });
    expect(await values()).toHaveLength(1);
    expect(await given.next(queue)).toEqual(["a"]);
    expect(await values()).toHaveLength(1);
    const rescheduled = await given.store.tx((tx) => tx.listTaskInstances({ runKey: run.id }));
    expect(rescheduled).toMatchObject([{ tryNumber: 1, attempt: 2 }]);
    const [instance] = rescheduled;
    if (!instance) throw new Error("it is there");
    await given.under.lanes.finish({
      taskInstanceId: instance.id,
      attempt: 2,
      tokenHash: instance.tokenHash ?? "",
      outcome: { kind: "failed", retry: true, failure: {}, fingerprint: "f" },
      xcoms: [{ key: "return_value", value: bytes(2), elements: null, length: null }],
    });
    expect(await given.next(queue)).toEqual(["a"]);
    expect(await values()).toEqual([]);
  });

  test("a retry waits for its delay by the database's clock, growing from try to try", async () => {
    const backoff = { retries: 3, retryDelaySeconds: 100, retryBackoff: 2, maxRetryDelaySeconds: 250 };
    const { run, queue } = await given.start([task("a", [], backoff)]);
    const waits: number[] = [];
    for (let time = 0; time < 3; time += 1) {
      await given.finish(await given.holdOne(queue), failure);
      const [instance] = await given.store.tx((tx) => tx.listTaskInstances({ runKey: run.id }));
      const wait = (instance?.nextDueAt?.getTime() ?? 0) - (instance?.updatedAt.getTime() ?? 0);
      waits.push(Math.round(wait / 1_000));
      await given.shiftClock(wait - 30_000);
      expect(await given.next(queue)).toEqual([]);
      await given.shiftClock(30_100);
      await settle(deps());
    }
    const [first = 0, second = 0, third = 0] = waits;
    expect(first).toBeGreaterThanOrEqual(100);
    expect(second).toBeGreaterThanOrEqual(200);
    expect(Math.max(second, third)).toBeLessThanOrEqual(250);
    expect(first).toBeLessThan(200);
  });

  test("a task that waits for what follows in the run before goes on when that is done", async () => {
    const { queue, dag } = await given.publish([task("a", [], { waitForDownstream: true }), task("b", ["a"])]);
    await given.trigger(dag, on(1));
    const second = await given.trigger(dag, on(2));
    await given.finish(await given.holdOne(queue));
    expect((await given.states(second)).a).toBe("none");
    const last = await given.hold(queue);
    expect(last.map((one) => one.task.id)).toEqual(["b"]);
    for (const one of last) await given.finish(one);
    expect(await given.next(queue)).toEqual(["a"]);
    expect((await given.states(second)).a).toBe("running");
  });

  test("a failure in the past holds the next run, until it is marked, cleared or the run is", async () => {
    const { queue, dag } = await given.publish([task("a", [], { dependsOnPast: true })]);
    const first = await given.trigger(dag, on(1));
    const second = await given.trigger(dag, on(2));
    await given.work(queue, failing("a"));
    expect((await given.states(second)).a).toBe("none");
    await markTasks(deps(), first.id, { tasks: [{ taskId: "a" }], to: "success" });
    expect(await given.next(queue)).toEqual(["a"]);
  });

  test("a past run that is marked successful lets the next one go on", async () => {
    const { queue, dag } = await given.publish([task("a", [], { dependsOnPast: true })]);
    const first = await given.trigger(dag, on(1));
    const second = await given.trigger(dag, on(2));
    await setRunState(deps(), first.id, "success");
    expect(await given.next(queue)).toEqual(["a"]);
    expect((await given.states(second)).a).toBe("running");
  });

  test("a past task that is skipped when its run times out lets the next one go on", async () => {
    const { queue, dag } = await given.publish([task("a", [], { dependsOnPast: true })], { runTimeoutSeconds: 60 });
    await given.trigger(dag, on(1));
    await given.hold(queue);
    await given.shiftClock(40_000);
    const second = await given.trigger(dag, on(2));
    expect((await given.states(second)).a).toBe("none");
    await given.shiftClock(21_000);
    expect(await failTimedOutRuns(deps())).toBe(1);
    expect(await given.next(queue)).toEqual(["a"]);
  });

  test("a past task that is settled without running lets the next one go on", async () => {
    const { queue, dag } = await given.publish([
      task("gate", [], { kind: "empty", dependsOnPast: true }),
      task("after", ["gate"], { dependsOnPast: true }),
    ]);
    const first = await given.trigger(dag, on(1));
    const second = await given.trigger(dag, on(2));
    await given.work(queue);
    for (const run of [first, second]) expect((await given.states(run))["(run)"]).toBe("success");
  });

  test("a run set to queued starts anew as it stands", async () => {
    const { run, queue } = await given.run([task("a"), task("b", ["a"])], failing("b"));
    await clearTasks(deps(), run.id, { tasks: [{ taskId: "b" }] });
    await setRunState(deps(), run.id, "failed");
    await setRunState(deps(), run.id, "failed");
    expect(await given.states(run)).toMatchObject({ "(run)": "failed" });
    await setRunState(deps(), run.id, "queued");
    const told = given.under.events.flatMap((event) =>
      event.event === "dagRun:moved" && event.runId === run.runId ? [event.to] : [],
    );
    // Started and failed; restarted by the clear; failed and restarted by a user's word.
    expect(told).toEqual(["running", "failed", "queued", "failed", "queued"]);
    expect(await given.next(queue)).toEqual([]);
    expect((await given.states(run))["(run)"]).toMatch(/success|failed/);
  });
}
