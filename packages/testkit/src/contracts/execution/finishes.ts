import { clearTasks } from "@airloom/runs";
import { decodeValue, type FinishRequest } from "@airloom/wire";
import { expect, test } from "vitest";
import { settle } from "../../runs/drive-runs.ts";
import {
  type ExecutionUnderTest,
  failed,
  heldOf,
  returned,
  returnedApart,
  someClaimRequest,
  succeeded,
} from "./execution-under-test.ts";

/** Smaller than anybody's, so that tests reach it. */
export const maxXComBytes = 500_000;

export function finishPromises(given: ExecutionUnderTest): void {
  test("an outcome is recorded once; sent again it is accepted and changes nothing", async () => {
    const { queue, run } = await given.startChain(2);
    const held = await given.claimOne(queue);
    expect(await given.finish(held, succeeded, [returned(1)])).toBe("recorded");
    expect(await given.finish(held, succeeded, [returned(2)])).toBe("repeated");
    const kept = await given.store.tx((tx) =>
      tx.findXCom({ runKey: run.id, taskId: "a", mapIndex: -1, key: "return_value" }),
    );
    expect(decodeValue(kept?.value ?? new Uint8Array())).toBe(1);
    expect(await given.states(run)).toEqual({ "(run)": "running", a: "success", b: "queued" });
  });

  test("an outcome sent twice at the same moment is recorded once", async () => {
    const { queue, run } = await given.startChain(2);
    const held = await given.claimOne(queue);
    const answers = await Promise.all([given.finish(held), given.finish(held), given.finish(held)]);
    expect(answers.toSorted()).toEqual(["recorded", "repeated", "repeated"]);
    expect(await given.states(run)).toEqual({ "(run)": "running", a: "success", b: "queued" });
  });

  test("a value above the limit is refused, in one piece, in elements or pushed, and the attempt may say another outcome", async () => {
    const { queue, run } = await given.startChain(1);
    const held = await given.claimOne(queue);
    const tooLarge = { code: "VALUE_TOO_LARGE", status: 413 };
    const half = "x".repeat(maxXComBytes / 2);
    await expect(given.finish(held, succeeded, [returned(half + half)])).rejects.toMatchObject(tooLarge);
    await expect(given.finish(held, succeeded, [returnedApart([half, half])])).rejects.toMatchObject(tooLarge);
    const pushed = given.execution.pushXCom(held.ref, "large", new Uint8Array(maxXComBytes + 1));
    await expect(pushed).rejects.toMatchObject(tooLarge);
    expect(await given.stateOf(held)).toBe("running");
    expect(await given.finish(held, succeeded, [returned(half)])).toBe("recorded");
    expect(await given.states(run)).toEqual({ "(run)": "success", a: "success" });
  });

  test("another outcome after the first is refused", async () => {
    const { queue, run } = await given.startChain(1);
    const held = await given.claimOne(queue);
    await given.finish(held);
    await expect(given.finish(held, failed)).rejects.toMatchObject({ code: "ATTEMPT_FENCED" });
    expect(await given.states(run)).toEqual({ "(run)": "success", a: "success" });
  });

  test("strangers are refused: another token, attempt or task instance", async () => {
    const { queue } = await given.startChain(1);
    const held = await given.claimOne(queue);
    for (const other of [{ token: "forged" }, { attempt: 2 }, { attempt: 0 }, { taskInstanceId: "nothing" }]) {
      const refusal = given.finish({ ...held, ref: { ...held.ref, ...other } });
      await expect(refusal).rejects.toMatchObject({ code: "ATTEMPT_FENCED", status: 409 });
    }
    expect(await given.stateOf(held)).toBe("running");
  });

  test("the outcome of an older attempt never touches the newer one", async () => {
    const { queue, run } = await given.startChain(1);
    const old = await given.claimOne(queue);
    await clearTasks(given.made.runs.deps, run.id, { tasks: null });
    await expect(given.finish(old)).rejects.toMatchObject({ code: "ATTEMPT_FENCED" });
    await given.execution.ended(old.ref);
    await settle(given.made.runs.deps);
    const newer = await given.claimOne(queue);
    await expect(given.finish(old)).rejects.toMatchObject({ code: "ATTEMPT_FENCED" });
    expect(await given.stateOf(newer)).toBe("running");
    expect(await given.finish(newer)).toBe("recorded");
  });

  test("a finish may claim in the same call, and repeats both answers", async () => {
    const { queue } = await given.startChain(2);
    const held = await given.claimOne(queue);
    const { request, tokens } = someClaimRequest(queue);
    const finish: FinishRequest = { ...held.ref, outcome: succeeded, xcoms: [returned("x")], claim: request };
    const first = await given.execution.finish(finish);
    expect(first).toMatchObject({ result: "recorded", claimed: { workloads: [{ task: { id: "b" } }] } });
    const again = await given.execution.finish({ ...finish, claim: { ...request, repeat: true } });
    expect(again).toEqual({ result: "repeated", claimed: first.claimed });
    const [next] = first.claimed?.workloads ?? [];
    if (!next) throw new Error("nothing was claimed");
    expect(await given.finish(heldOf(next, tokens))).toBe("recorded");
  });

  test("a finish that claims does not wait for work", async () => {
    const { queue } = await given.startChain(1);
    const held = await given.claimOne(queue);
    const { request } = someClaimRequest(queue, { waitMs: 30_000 });
    const answer = await given.execution.finish({ ...held.ref, outcome: succeeded, xcoms: [], claim: request });
    expect(answer).toEqual({ result: "recorded", claimed: { workloads: [] } });
  });

  test("a refused finish claims nothing", async () => {
    const { queue } = await given.start([{ id: "a" }, { id: "b" }]);
    const held = await given.claimOne(queue);
    const { request } = someClaimRequest(queue);
    const refusal = given.execution.finish({ ...held.ref, token: "x", outcome: succeeded, xcoms: [], claim: request });
    await expect(refusal).rejects.toMatchObject({ code: "ATTEMPT_FENCED" });
    expect(await given.claim(queue, { slots: 2 })).toHaveLength(1);
  });

  test("a failure is kept with what a person needs to see of it", async () => {
    const { queue, run } = await given.start([{ id: "a" }]);
    const held = await given.claimOne(queue);
    const error = {
      kind: "signal" as const,
      name: "Killed",
      message: "the process was killed",
      stack: "at dags/a.ts:3:1",
      location: "dags/a.ts:3:1",
      signal: "SIGKILL",
    };
    await given.finish(held, { kind: "failed", retry: true, error });
    const attempt = await given.store.tx((tx) => tx.findAttempt(held.ref.taskInstanceId, 1));
    expect(attempt).toMatchObject({ outcome: "failed", failure: error, workerId: "worker" });
    expect(attempt?.fingerprint).toMatch(/^[0-9a-f]{16}$/);
    expect(await given.states(run)).toEqual({ "(run)": "failed", a: "failed" });
  });

  test("failures of one cause have one fingerprint, whatever numbers and names are in their words", async () => {
    const fingerprints: (string | null | undefined)[] = [];
    for (const message of ['no row 17 in "orders"', 'no row 4012 in "users"', "no table"]) {
      const { queue } = await given.startChain(1);
      const held = await given.claimOne(queue);
      const error = { kind: "error" as const, name: "Error", message, stack: null, location: null };
      await given.finish(held, { kind: "failed", retry: false, error });
      fingerprints.push((await given.store.tx((tx) => tx.findAttempt(held.ref.taskInstanceId, 1)))?.fingerprint);
    }
    expect(fingerprints[0]).toBe(fingerprints[1]);
    expect(fingerprints[2]).not.toBe(fingerprints[0]);
  });

  test("a failure is tried again unless it says that this is of no use", async () => {
    const { queue, run } = await given.start([{ id: "a", retries: 3, retryDelaySeconds: 0 }]);
    await given.finish(await given.claimOne(queue), failed);
    await settle(given.made.runs.deps);
    const second = await given.claimOne(queue);
    expect(second.workload).toMatchObject({ attempt: 2, tryNumber: 2, maxTries: 3 });
    await given.finish(second, { ...failed, retry: false } as typeof failed);
    expect(await given.states(run)).toEqual({ "(run)": "failed", a: "failed" });
  });

  test("a skip skips what needs it", async () => {
    const { queue, run } = await given.startChain(2);
    await given.finish(await given.claimOne(queue), { kind: "skipped", reason: "a holiday" });
    expect(await given.states(run)).toEqual({ "(run)": "success", a: "skipped", b: "skipped" });
  });

  test("a reschedule comes back when it is due, as the same try", async () => {
    const { queue } = await given.startChain(1);
    const held = await given.claimOne(queue);
    const { now } = await given.store.tx(async (tx) => {
      await tx.findPool("default_pool");
      return { now: tx.now };
    });
    await given.finish(held, { kind: "rescheduled", at: new Date(now.getTime() + 60_000).toISOString() });
    await settle(given.made.runs.deps);
    expect(await given.claim(queue)).toEqual([]);
    await given.made.shiftClock(61_000);
    await settle(given.made.runs.deps);
    expect((await given.claimOne(queue)).workload).toMatchObject({ attempt: 2, tryNumber: 1 });
  });

  test("many finishes of one run at once are all recorded, and what joins them runs once", async () => {
    const middle = Array.from({ length: 40 }, (_, index) => ({ id: `m${String(index).padStart(2, "0")}` }));
    const join = { id: "join", upstream: middle.map(({ id }) => id) };
    const { queue, run } = await given.start([...middle, join], { maxActiveTasks: 64 });
    const held = await given.claim(queue, { slots: 64 });
    expect(held).toHaveLength(40);
    const answers = await Promise.all(held.map((one) => given.finish(one)));
    expect(new Set(answers)).toEqual(new Set(["recorded"]));
    await settle(given.made.runs.deps);
    expect((await given.claim(queue, { slots: 64 })).map(({ workload }) => workload.task.id)).toEqual(["join"]);
    expect((await given.states(run)).join).toBe("running");
  });
}
