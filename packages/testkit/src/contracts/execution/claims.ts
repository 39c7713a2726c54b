import { rescueExpired } from "@airloom/runs";
import type { ClaimReply, WorkerRegistration } from "@airloom/wire";
import { expect, test } from "vitest";
import { someId } from "../../factories/some-id.ts";
import { trigger } from "../../runs/drive-runs.ts";
import { type ExecutionUnderTest, heldOf, someClaimRequest } from "./execution-under-test.ts";

const someWorker = (given: Partial<WorkerRegistration> = {}): WorkerRegistration => ({
  workerId: someId("worker"),
  hostname: "elsewhere",
  pid: 7,
  bootId: "boot",
  startTicks: "1",
  executor: "local",
  queues: ["default"],
  slots: 4,
  ...given,
});

/** Whatever was sent has been answered by now, and what was woken has looked. */
async function fewRoundTrips({ store }: ExecutionUnderTest): Promise<void> {
  for (let trip = 0; trip < 10; trip += 1) await store.tx((tx) => tx.findPool("default_pool"));
}

export function claimPromises(given: ExecutionUnderTest): void {
  test("a worker learns its terms, and registering again changes what is known of it", async () => {
    const worker = someWorker();
    const { terms: settled, maxXComBytes } = given.made.deps;
    const terms = { ...settled, released: 0, maxValueBytes: maxXComBytes };
    expect(await given.execution.registerWorker(worker)).toEqual(terms);
    expect(await given.execution.registerWorker({ ...worker, slots: 9, queues: ["fast"] })).toEqual(terms);
    const workers = await given.store.tx((tx) => tx.listWorkers({ hostname: "elsewhere" }));
    expect(workers.filter(({ workerId }) => workerId === worker.workerId)).toMatchObject([
      { slots: 9, queues: ["fast"], pid: 7 },
    ]);
  });

  test("the best come first, and no more than there are slots", async () => {
    const weights = { low: 1, high: 9, middle: 5 };
    const { queue } = await given.start(
      Object.entries(weights).map(([id, priorityWeight]) => ({ id, priorityWeight, weightRule: "absolute" })),
    );
    const first = await given.claim(queue, { slots: 2 });
    expect(first.map(({ workload }) => workload.task.id)).toEqual(["high", "middle"]);
    expect((await given.claim(queue, { slots: 2 })).map(({ workload }) => workload.task.id)).toEqual(["low"]);
    expect(await given.claim(queue, { slots: 2 })).toEqual([]);
  });

  test("a claim without a slot takes nothing", async () => {
    const { queue } = await given.startChain(1);
    expect(await given.claim(queue, { slots: 0 })).toEqual([]);
    expect(await given.claim(queue)).toHaveLength(1);
  });

  test("only the queues and the executor that are asked for are looked at", async () => {
    const { queue } = await given.startChain(1);
    expect(await given.claim(someId("queue"))).toEqual([]);
    expect(await given.claim(queue, { executor: "sequential" })).toEqual([]);
    expect(await given.claim(queue, { queues: [someId("queue"), queue] })).toHaveLength(1);
  });

  test("each attempt takes one of the token hashes and gets a lease", async () => {
    const { queue } = await given.start([{ id: "a" }, { id: "b" }]);
    const { request, tokens } = someClaimRequest(queue, { slots: 3 });
    const { workloads } = await given.execution.claim(request);
    const taken = workloads.map(({ tokenHash }) => tokenHash);
    expect(new Set(taken).size).toBe(2);
    for (const hash of taken) expect(tokens.has(hash)).toBe(true);
    expect(workloads.map(({ leaseMs, attempt, tryNumber }) => [leaseMs, attempt, tryNumber])).toEqual([
      [30_000, 1, 1],
      [30_000, 1, 1],
    ]);
  });

  test("a claim whose reply was lost is asked again: the same workloads come, and free slots are filled", async () => {
    const { queue, dag } = await given.start([{ id: "a" }, { id: "b" }]);
    const { request, tokens } = someClaimRequest(queue, { slots: 3 });
    const lost = await given.execution.claim(request);
    expect(lost.workloads).toHaveLength(2);
    const again = await given.execution.claim({ ...request, repeat: true });
    expect(byId(again)).toEqual(byId(lost));
    await trigger(given.made.runs, dag);
    const third = await given.execution.claim({ ...request, repeat: true });
    expect(third.workloads).toHaveLength(3);
    expect(byId(third)).toEqual(expect.arrayContaining(byId(lost) as unknown[]));
    for (const workload of third.workloads) expect(await given.finish(heldOf(workload, tokens))).toBe("recorded");
    expect((await given.execution.claim({ ...request, repeat: true })).workloads).toHaveLength(1);
  });

  test("a claim that is asked again late has its leases anew: nobody else gets what it holds", async () => {
    const { queue } = await given.startChain(1);
    const { request, tokens } = someClaimRequest(queue);
    await given.execution.claim(request);
    await given.made.shiftClock(35_000);
    const [workload] = (await given.execution.claim({ ...request, repeat: true })).workloads;
    if (!workload) throw new Error("what it holds comes again");
    await given.made.shiftClock(20_000);
    await rescueExpired(given.made.deps);
    expect(await given.stateOf(heldOf(workload, tokens))).toBe("running");
  });

  test("many who claim at once get each attempt once", async () => {
    const { queue } = await given.start(
      Array.from({ length: 24 }, (_, index) => ({ id: `t${index}` })),
      { maxActiveTasks: 64 },
    );
    const claims = await Promise.all(Array.from({ length: 8 }, () => given.claim(queue, { slots: 4 })));
    // Who finds rows that others hold passes them over, so somebody may have to look again.
    const rest = await given.claim(queue, { slots: 24 });
    const ids = [...claims.flat(), ...rest].map(({ ref }) => ref.taskInstanceId);
    expect(ids).toHaveLength(24);
    expect(new Set(ids).size).toBe(24);
  });

  test("a claim that waits returns when work is queued", async () => {
    const idle = await given.start([{ id: "a" }]);
    await given.claimOne(idle.queue);
    const waiting = given.claim(idle.queue, { waitMs: 30_000 });
    await fewRoundTrips(given);
    await trigger(given.made.runs, idle.dag);
    expect((await waiting).map(({ workload }) => workload.task.id)).toEqual(["a"]);
  });

  test("work for others does not end the wait", async () => {
    const idle = await given.start([{ id: "a" }]);
    await given.claimOne(idle.queue);
    let ended = false;
    const waiting = given.claim(idle.queue, { waitMs: 30_000 }).finally(() => {
      ended = true;
    });
    await given.startChain(1);
    await fewRoundTrips(given);
    expect(ended).toBe(false);
    await trigger(given.made.runs, idle.dag);
    expect(await waiting).toHaveLength(1);
  });

  test("a wait that is over returns nothing", async () => {
    expect(await given.claim(someId("queue"), { waitMs: 30 })).toEqual([]);
  });

  test("who stops waiting leaves the work to others", async () => {
    const idle = await given.start([{ id: "a" }]);
    await given.claimOne(idle.queue);
    const stop = new AbortController();
    const waiting = given.execution.claim(someClaimRequest(idle.queue, { waitMs: 30_000 }).request, stop.signal);
    await fewRoundTrips(given);
    stop.abort();
    // In process nothing comes back; over the network there is no answer at all.
    const [ended] = await Promise.allSettled([waiting]);
    if (ended.status === "fulfilled") expect(ended.value.workloads).toEqual([]);
    else expect(ended.reason).toMatchObject({ code: "UNAVAILABLE" });
    await trigger(given.made.runs, idle.dag);
    await fewRoundTrips(given);
    expect(await given.claim(idle.queue)).toHaveLength(1);
  });
}

const byId = ({ workloads }: ClaimReply): readonly unknown[] =>
  workloads.toSorted((a, b) => (a.taskInstanceId < b.taskInstanceId ? -1 : 1));
