import { clearTasks, failTimedOutRuns, markTasks, rescueExpired, setRunState } from "@airloom/runs";
import { expect, test } from "vitest";
import { settle } from "../../runs/drive-runs.ts";
import { type ExecutionUnderTest, failed, type Held, succeeded } from "./execution-under-test.ts";

export function leasePromises(given: ExecutionUnderTest): void {
  const beat = async (...held: readonly Held[]) =>
    (await given.execution.heartbeat({ workerId: "worker", attempts: held.map(({ ref }) => ref) })).attempts;
  const verdictOf = async (held: Held) => {
    const [answer] = await beat(held);
    return answer && [answer.verdict, answer.reason];
  };
  /** One running task, and its run. */
  const running = async (task = {}, spec = {}) => {
    const started = await given.start([{ id: "a", ...task }], spec);
    return { ...started, held: await given.claimOne(started.queue) };
  };
  const clear = ({ id }: { readonly id: number }) => clearTasks(given.made.runs.deps, id, { tasks: null });
  const mark = ({ id }: { readonly id: number }, to: "success" | "failed" | "skipped") =>
    markTasks(given.made.runs.deps, id, { tasks: [{ taskId: "a" }], to });
  const row = async ({ ref }: Held) => given.store.tx((tx) => tx.findTaskInstance(ref.taskInstanceId));
  const nextAttempt = async (queue: string) => {
    await settle(given.made.runs.deps);
    return (await given.claim(queue)).map(({ workload }) => [workload.attempt, workload.tryNumber]);
  };

  test("a heartbeat extends the lease of a live attempt, each time it is sent", async () => {
    const { held } = await running();
    for (let time = 0; time < 2; time += 1) {
      const [answer] = await beat(held);
      expect(answer).toMatchObject({ verdict: "run", attempt: 1, reason: null });
      expect(answer?.remainingMs).toBeGreaterThan(20_000);
      expect(answer?.remainingMs).toBeLessThanOrEqual(30_000);
    }
  });

  test("one heartbeat speaks of many attempts, and answers in their order", async () => {
    const { held: first } = await running();
    const { held: second, run } = await running();
    const { held: third } = await running();
    await mark(run, "failed");
    const answers = await beat(first, second, { ...third, ref: { ...third.ref, token: "forged" } });
    expect(answers.map(({ taskInstanceId, verdict }) => [taskInstanceId, verdict])).toEqual([
      [first.ref.taskInstanceId, "run"],
      [second.ref.taskInstanceId, "cancel"],
      [third.ref.taskInstanceId, "gone"],
    ]);
  });

  test("nobody else's token, attempt or task instance extends a lease", async () => {
    const { held } = await running();
    const before = await row(held);
    for (const other of [{ token: "x" }, { attempt: 2 }, { attempt: 0 }, { taskInstanceId: "nothing" }])
      expect(await verdictOf({ ...held, ref: { ...held.ref, ...other } })).toEqual(["gone", "not_held"]);
    expect((await row(held))?.leaseUntil).toEqual(before?.leaseUntil);
  });

  test("a cleared attempt is told to die, and the next one starts only when it has ended", async () => {
    const { held, run, queue } = await running();
    await clear(run);
    expect(await verdictOf(held)).toEqual(["cancel", "restarting"]);
    expect(await nextAttempt(queue)).toEqual([]);
    await given.execution.ended({ ...held.ref, token: "forged" });
    expect(await nextAttempt(queue)).toEqual([]);
    await given.execution.ended(held.ref);
    expect(await nextAttempt(queue)).toEqual([[2, 2]]);
    await given.execution.ended(held.ref);
    expect(await verdictOf(held)).toEqual(["gone", "not_held"]);
    expect(await given.stateOf(held)).toBe("running");
  });

  test("a cleared attempt whose worker is silent gives way when lease and grace are over", async () => {
    const { held, run, queue } = await running();
    await clear(run);
    await given.made.shiftClock(30_000);
    await rescueExpired(given.made.runs.deps);
    expect(await nextAttempt(queue)).toEqual([]);
    await given.made.shiftClock(11_000);
    await rescueExpired(given.made.runs.deps);
    expect(await nextAttempt(queue)).toEqual([[2, 2]]);
    expect(await verdictOf(held)).toEqual(["gone", "not_held"]);
  });

  test.each(["success", "failed", "skipped"] as const)(
    "an attempt marked %s is fenced at once, told to die, and keeps its lease until it has ended",
    async (to) => {
      const { held, run } = await running();
      await mark(run, to);
      expect(await given.stateOf(held)).toBe(to);
      expect((await row(held))?.leaseUntil).not.toBeNull();
      expect(await verdictOf(held)).toEqual(["cancel", to]);
      await expect(given.finish(held)).rejects.toMatchObject({ code: "ATTEMPT_FENCED" });
      await given.execution.ended(held.ref);
      expect(await row(held)).toMatchObject({ state: to, leaseUntil: null, tokenHash: null });
      expect(await verdictOf(held)).toEqual(["gone", "not_held"]);
    },
  );

  test("an attempt that was marked and then cleared is not overtaken while it may be alive", async () => {
    const { held, run, queue } = await running();
    await mark(run, "success");
    await clear(run);
    expect(await nextAttempt(queue)).toEqual([]);
    expect((await verdictOf(held))?.[0]).toBe("cancel");
    await given.execution.ended(held.ref);
    expect(await nextAttempt(queue)).toEqual([[2, 2]]);
  });

  test("a run that is marked failed or timed out cancels what runs in it", async () => {
    const marked = await running();
    await setRunState(given.made.runs.deps, marked.run.id, "failed");
    expect(await verdictOf(marked.held)).toEqual(["cancel", "failed"]);
    const late = await running({}, { runTimeoutSeconds: 60 });
    await given.made.shiftClock(61_000);
    // It was alive all the time: only the run is late.
    await beat(late.held);
    await failTimedOutRuns(given.made.runs.deps);
    expect(await verdictOf(late.held)).toEqual(["cancel", "skipped"]);
    await expect(given.finish(late.held)).rejects.toMatchObject({ code: "ATTEMPT_FENCED" });
  });

  test("`ended` of a live attempt changes nothing", async () => {
    const { held } = await running();
    await given.execution.ended(held.ref);
    expect(await verdictOf(held)).toEqual(["run", null]);
    expect(await given.finish(held)).toBe("recorded");
  });

  test("what is released runs again with no try used, once", async () => {
    const { held, queue } = await running();
    await given.execution.release([held.ref], "drained");
    await given.execution.release([held.ref], "drained");
    expect(await verdictOf(held)).toEqual(["gone", "not_held"]);
    expect(await nextAttempt(queue)).toEqual([[2, 1]]);
    const attempt = await given.store.tx((tx) => tx.findAttempt(held.ref.taskInstanceId, 1));
    expect(attempt).toMatchObject({ outcome: "lost", failure: { reason: "drained" } });
    await expect(given.finish(held)).rejects.toMatchObject({ code: "ATTEMPT_FENCED" });
  });

  test("a stranger releases nothing, and the rest of a batch is released all the same", async () => {
    const first = await running();
    const second = await running();
    await given.execution.release([{ ...first.held.ref, token: "forged" }, second.held.ref], "drained");
    expect(await verdictOf(first.held)).toEqual(["run", null]);
    expect(await verdictOf(second.held)).toEqual(["gone", "not_held"]);
  });

  test("a cleared attempt that is released has ended", async () => {
    const { held, run, queue } = await running();
    await clear(run);
    await given.execution.release([held.ref], "drained");
    expect(await nextAttempt(queue)).toEqual([[2, 2]]);
  });

  test("an attempt without heartbeats is given up when lease and grace are over, and uses no try", async () => {
    const { held, queue } = await running({ retries: 1 });
    await given.made.shiftClock(41_000);
    expect(await rescueExpired(given.made.runs.deps)).toBeGreaterThan(0);
    expect(await verdictOf(held)).toEqual(["gone", "not_held"]);
    await expect(given.finish(held)).rejects.toMatchObject({ code: "ATTEMPT_FENCED" });
    expect(await nextAttempt(queue)).toEqual([[2, 1]]);
  });

  test("a late heartbeat within the grace keeps the attempt", async () => {
    const { held } = await running();
    await given.made.shiftClock(31_000);
    expect(await verdictOf(held)).toEqual(["run", null]);
    await rescueExpired(given.made.runs.deps);
    expect(await given.finish(held, succeeded)).toBe("recorded");
  });

  test("what must not run twice fails when it is lost", async () => {
    const { held, run } = await running({ onLost: "fail", retries: 0 });
    await given.execution.release([held.ref], "its supervisor died");
    expect(await given.states(run)).toEqual({ "(run)": "failed", a: "failed" });
  });

  test("what is handed back before anything of it ran is no loss: it uses no try, however often, and whatever must not run twice", async () => {
    const { held, queue, run } = await running({ onLost: "fail", retries: 0 });
    let last = held;
    for (let times = 0; times < 5; times += 1) {
      await given.execution.release([{ ...last.ref, neverRan: true }], "drained");
      await settle(given.made.runs.deps);
      last = await given.claimOne(queue);
    }
    expect(await row(last)).toMatchObject({ attempt: 6, tryNumber: 1, losses: 0 });
    const attempt = await given.store.tx((tx) => tx.findAttempt(held.ref.taskInstanceId, 1));
    expect(attempt).toMatchObject({ outcome: "lost", failure: { reason: "drained" } });
    expect(await given.finish(last, succeeded)).toBe("recorded");
    expect(await given.states(run)).toEqual({ "(run)": "success", a: "success" });
  });

  test("a failure between two losses begins the count of losses anew", async () => {
    const { held, queue } = await running({ retries: 1, retryDelaySeconds: 0 });
    await given.execution.release([held.ref], "lost");
    await settle(given.made.runs.deps);
    await given.execution.release([(await given.claimOne(queue)).ref], "lost");
    await settle(given.made.runs.deps);
    await given.finish(await given.claimOne(queue), failed);
    await settle(given.made.runs.deps);
    const second = await given.claimOne(queue);
    expect(await row(second)).toMatchObject({ losses: 0, tryNumber: 2, attempt: 4 });
  });
}
