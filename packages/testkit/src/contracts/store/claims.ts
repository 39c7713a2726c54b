import { expect, test } from "vitest";
import { publish } from "../../factories/publish.ts";
import { someId } from "../../factories/some-id.ts";
import { someRun } from "../../factories/some-run.ts";
import { someSpec } from "../../factories/some-spec.ts";
import { someClaim, someTaskInstance } from "../../factories/some-task-instance.ts";
import type { StoreUnderTest } from "./store-under-test.ts";

const tokens = (count: number): string[] => Array.from({ length: count }, () => someId("token"));

export function claimPromises(given: StoreUnderTest): void {
  const claim = (options: Parameters<typeof someClaim>[0]) => given.tx((tx) => tx.claimQueued(someClaim(options)));

  test("a claim makes a queued instance running, with token, worker, lease, version and an attempt row", async () => {
    const run = await someRun(given.store);
    const queue = someId("queue");
    const queued = await someTaskInstance(given.store, { run, queue, state: "queued" });
    const worker = { workerId: someId("worker"), hostname: "host", pid: 4_711, bootId: "boot", startTicks: "1" };
    await given.tx((tx) => tx.upsertWorker({ ...worker, executor: "local", queues: [queue], slots: 1 }));
    const [hash = ""] = tokens(1);
    const [now, rows] = await given.tx(async (tx) => {
      const claim = someClaim({ queues: [queue], workerId: worker.workerId, tokenHashes: [hash], leaseMs: 60_000 });
      const claimed = await tx.claimQueued(claim);
      return [tx.now, claimed] as const;
    });
    expect(rows).toMatchObject([
      {
        id: queued.id,
        state: "running",
        attempt: 1,
        versionId: run.versionId,
        tokenHash: hash,
        workerId: worker.workerId,
      },
    ]);
    const [row] = rows;
    expect(row?.startedAt?.getTime()).toBeGreaterThanOrEqual(now.getTime());
    expect(row?.leaseUntil?.getTime()).toBeGreaterThanOrEqual(now.getTime() + 60_000);
    expect(row?.queuedAt).toEqual(queued.queuedAt);
    expect(await given.tx((tx) => tx.findAttempt(queued.id, 1))).toEqual({
      taskInstanceId: queued.id,
      attempt: 1,
      tryNumber: queued.tryNumber,
      workerId: worker.workerId,
      hostname: "host",
      pid: 4_711,
      queuedAt: queued.queuedAt,
      startedAt: row?.startedAt,
      endedAt: null,
      outcome: null,
      failure: null,
      fingerprint: null,
    });
  });

  test("the best come first: higher priority, then longer queued", async () => {
    const queue = someId("queue");
    const ids: string[] = [];
    for (const priority of [1, 5, 3, 5])
      ids.push((await someTaskInstance(given.store, { queue, priority, state: "queued" })).id);
    const order: string[] = [];
    for (const hash of tokens(4))
      for (const row of await claim({ queues: [queue], tokenHashes: [hash] })) order.push(row.id);
    expect(order).toEqual([ids[1], ids[3], ids[2], ids[0]]);
    expect(await claim({ queues: [queue] })).toEqual([]);
  });

  test("each token hash gets one, and the best are chosen when there are more than hashes", async () => {
    const queue = someId("queue");
    const ids: string[] = [];
    for (const priority of [1, 2, 3])
      ids.push((await someTaskInstance(given.store, { queue, priority, state: "queued" })).id);
    const hashes = tokens(2);
    const rows = await claim({ queues: [queue], tokenHashes: hashes });
    expect(rows.map((row) => row.id).toSorted()).toEqual([ids[1], ids[2]]);
    expect(rows.map((row) => row.tokenHash).toSorted()).toEqual(hashes);
    expect(await claim({ queues: [queue], tokenHashes: tokens(5) })).toMatchObject([{ id: ids[0] }]);
    expect(await claim({ queues: [queue], tokenHashes: [] })).toEqual([]);
  });

  test("a claim whose reply was lost is asked for again by its token hashes", async () => {
    const queue = someId("queue");
    await someTaskInstance(given.store, { queue, state: "queued" });
    await someTaskInstance(given.store, { queue, state: "queued" });
    const hashes = tokens(2);
    const rows = await claim({ queues: [queue], tokenHashes: hashes });
    const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1);
    const again = await given.tx((tx) => tx.findClaimed([...hashes, someId("token")]));
    expect(again.toSorted(byId)).toEqual(rows.toSorted(byId));
    expect(await given.tx((tx) => tx.findClaimed(tokens(1)))).toEqual([]);
  });

  test("two claims with one token hash at once never give it two attempts: the second is done again and may look first", async () => {
    const queue = someId("queue");
    await someTaskInstance(given.store, { queue, state: "queued" });
    await someTaskInstance(given.store, { queue, state: "queued" });
    const [hash = ""] = tokens(1);
    const options = someClaim({ queues: [queue], tokenHashes: [hash] });
    const first = await given.open();
    const claimed = await first.tx.claimQueued(options);
    let tries = 0;
    const second = given.tx(async (tx) => {
      tries += 1;
      const held = await tx.findClaimed([hash]);
      return held.length > 0 ? held : tx.claimQueued(options);
    });
    expect(await given.waits(second)).toBe(true);
    await first.commit();
    expect((await second).map(({ id, attempt }) => ({ id, attempt }))).toEqual(
      claimed.map(({ id, attempt }) => ({ id, attempt })),
    );
    expect(tries).toBe(2);
    await expect(claim({ queues: [queue], tokenHashes: [hash] })).rejects.toThrow();
    expect(await claim({ queues: [queue], tokenHashes: tokens(2) })).toHaveLength(1);
  });

  test("what is no longer running is not offered again to its token hash", async () => {
    const [hash = ""] = tokens(1);
    const row = await someTaskInstance(given.store, { state: "running", claim: { tokenHashes: [hash] } });
    const set = { dropLease: false };
    await given.tx((tx) => tx.moveTaskInstances([{ id: row.id, from: "running", attempt: 1, to: "restarting", set }]));
    expect(await given.tx((tx) => tx.findClaimed([hash]))).toEqual([]);
  });

  test("only instances of the asked executor and queues are claimed", async () => {
    const [queue, other, executor] = [someId("queue"), someId("queue"), someId("executor")];
    await someTaskInstance(given.store, { queue: other, state: "queued" });
    await someTaskInstance(given.store, { queue, executor, state: "queued" });
    expect(await claim({ queues: [queue] })).toEqual([]);
    expect(await claim({ queues: [other], executor })).toEqual([]);
    expect(await claim({ queues: [] })).toEqual([]);
    expect(await claim({ queues: [queue, other], executor, tokenHashes: tokens(2) })).toHaveLength(1);
    expect(await claim({ queues: [queue, other], tokenHashes: tokens(2) })).toHaveLength(1);
  });

  test("only queued instances are claimed", async () => {
    const queue = someId("queue");
    for (const state of ["none", "scheduled", "running", "success", "restarting", "up_for_retry"] as const) {
      await someTaskInstance(given.store, { queue, state });
    }
    expect(await claim({ queues: [queue], tokenHashes: tokens(9) })).toEqual([]);
  });

  test("a warm artifact decides among equals, and never against priority", async () => {
    const queue = someId("queue");
    const [cold, warm] = [
      await publish(given.store, someSpec(), { artifactId: "cold" }),
      await publish(given.store, someSpec(), { artifactId: "warm" }),
    ];
    const [coldRun, warmRun] = [await someRun(given.store, { dag: cold }), await someRun(given.store, { dag: warm })];
    const best = await someTaskInstance(given.store, { run: coldRun, queue, priority: 9, state: "queued" });
    const first = await someTaskInstance(given.store, { run: coldRun, queue, priority: 5, state: "queued" });
    const second = await someTaskInstance(given.store, { run: warmRun, queue, priority: 5, state: "queued" });
    const order: string[] = [];
    for (const hash of tokens(3)) {
      const rows = await claim({ queues: [queue], tokenHashes: [hash], warmArtifacts: ["warm", "unknown"] });
      for (const row of rows) order.push(row.id);
    }
    expect(order).toEqual([best.id, second.id, first.id]);
  });

  test("what another transaction holds is passed over, not waited for", async () => {
    const queue = someId("queue");
    const held = await someTaskInstance(given.store, { queue, priority: 9, state: "queued" });
    const free = await someTaskInstance(given.store, { queue, priority: 1, state: "queued" });
    const open = await given.open();
    await open.tx.moveTaskInstances([{ id: held.id, from: "queued", attempt: 1, to: "skipped" }]);
    expect(await claim({ queues: [queue], tokenHashes: tokens(2) })).toMatchObject([{ id: free.id }]);
    await open.rollback();
    expect(await claim({ queues: [queue] })).toMatchObject([{ id: held.id }]);
  });

  test("two open claims never get the same instance", async () => {
    const queue = someId("queue");
    for (let made = 0; made < 6; made += 1) await someTaskInstance(given.store, { queue, state: "queued" });
    const [first, second] = [await given.open(), await given.open()];
    const [one, two] = await Promise.all([
      first.tx.claimQueued(someClaim({ queues: [queue], tokenHashes: tokens(3) })),
      second.tx.claimQueued(someClaim({ queues: [queue], tokenHashes: tokens(3) })),
    ]);
    await Promise.all([first.commit(), second.commit()]);
    const rest = await claim({ queues: [queue], tokenHashes: tokens(6) });
    const all = [...one, ...two, ...rest].map((row) => row.id);
    expect(all).toHaveLength(6);
    expect(new Set(all).size).toBe(6);
  });

  test("queued and unclaimed ones are counted per executor", async () => {
    const executor = someId("executor");
    expect(await given.tx((tx) => tx.countQueued(executor))).toBe(0);
    for (const state of ["queued", "queued", "running", "scheduled"] as const)
      await someTaskInstance(given.store, { executor, state });
    expect(await given.tx((tx) => tx.countQueued(executor))).toBe(2);
  });

  test("attempts are kept in order, and end once", async () => {
    const row = await someTaskInstance(given.store, { state: "running" });
    const { queue } = row;
    await given.tx((tx) => tx.moveTaskInstances([{ id: row.id, from: "running", attempt: 1, to: "scheduled" }]));
    await given.tx((tx) => tx.moveTaskInstances([{ id: row.id, from: "scheduled", attempt: 1, to: "queued" }]));
    await claim({ queues: [queue] });
    const failure = { message: "disk \u0000 full", frames: [1, 2] };
    const first = { taskInstanceId: row.id, attempt: 1, outcome: "failed", failure, fingerprint: "abc" };
    await given.tx((tx) => tx.endAttempts([first, { ...first, attempt: 9 }]));
    const ended = await given.tx((tx) => tx.findAttempt(row.id, 1));
    expect(ended).toMatchObject({ outcome: "failed", failure, fingerprint: "abc", endedAt: expect.any(Date) });
    await given.tx((tx) => tx.endAttempts([{ ...first, outcome: "lost", failure: null, fingerprint: null }]));
    expect(await given.tx((tx) => tx.findAttempt(row.id, 1))).toEqual(ended);
    const attempts = await given.tx((tx) => tx.listAttempts(row.id));
    expect(attempts).toMatchObject([
      { attempt: 1, outcome: "failed" },
      { attempt: 2, outcome: null, endedAt: null },
    ]);
    expect(await given.tx((tx) => tx.findAttempt(row.id, 9))).toBeNull();
  });
}
