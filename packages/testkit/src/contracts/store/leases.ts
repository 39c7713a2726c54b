import { expect, test } from "vitest";
import { someId } from "../../factories/some-id.ts";
import { someRun } from "../../factories/some-run.ts";
import { someTaskInstance } from "../../factories/some-task-instance.ts";
import type { StoreUnderTest } from "./store-under-test.ts";

const hour = 3_600_000;
const past = new Date("2020-01-01T00:00:00.001Z");
const future = new Date("2100-01-01T00:00:00.001Z");

export function leasePromises(given: StoreUnderTest): void {
  const running = (leaseMs: number, workerId = someId("worker")) =>
    someTaskInstance(given.store, { state: "running", claim: { leaseMs, workerId, tokenHashes: [someId("token")] } });
  const keyOf = (row: { id: string; attempt: number; tokenHash: string | null }) => ({
    taskInstanceId: row.id,
    attempt: row.attempt,
    tokenHash: row.tokenHash ?? "",
  });
  const find = (id: string) => given.tx((tx) => tx.findTaskInstance(id));

  test("a lease is extended from now on, and the answer says how much is left and in what state", async () => {
    const row = await running(hour);
    const [extended] = await given.tx((tx) => tx.extendLeases([keyOf(row)], 2 * hour));
    expect(extended).toMatchObject({ taskInstanceId: row.id, attempt: 1, state: "running" });
    expect(extended?.remainingMs).toBeGreaterThan(2 * hour - 60_000);
    expect(extended?.remainingMs).toBeLessThanOrEqual(2 * hour);
    expect((await find(row.id))?.leaseUntil?.getTime()).toBeGreaterThan(row.leaseUntil?.getTime() ?? 0);
  });

  test("a lease never gets shorter", async () => {
    const row = await running(hour);
    const [extended] = await given.tx((tx) => tx.extendLeases([keyOf(row)], 1_000));
    expect(extended?.remainingMs).toBeGreaterThan(hour / 2);
    expect((await find(row.id))?.leaseUntil).toEqual(row.leaseUntil);
  });

  test("only the attempt and token that hold a lease extend or end it", async () => {
    const row = await running(hour);
    const key = keyOf(row);
    const wrong = [
      { ...key, tokenHash: "another" },
      { ...key, attempt: 2 },
      { ...key, taskInstanceId: someId("missing") },
    ];
    for (const one of wrong) {
      expect(await given.tx((tx) => tx.extendLeases([one], 2 * hour))).toEqual([]);
      expect(await given.tx((tx) => tx.endLeases([one]))).toEqual([]);
    }
    expect(await find(row.id)).toEqual(row);
    await given.tx((tx) => tx.moveTaskInstances([{ id: row.id, from: "running", attempt: 1, to: "success" }]));
    expect(await given.tx((tx) => tx.extendLeases([key], hour))).toEqual([]);
  });

  test("the good keys of a call count, whatever stands beside them", async () => {
    const rows = [await running(hour), await running(hour), await running(hour)];
    const keys = rows.map(keyOf).map((key, index) => (index === 1 ? { ...key, tokenHash: "another" } : key));
    const extended = await given.tx((tx) => tx.extendLeases(keys, 2 * hour));
    expect(extended.map((one) => one.taskInstanceId).toSorted()).toEqual([rows[0]?.id, rows[2]?.id]);
  });

  test("a lease that is overdue but was not taken away is extended", async () => {
    const row = await running(0);
    expect(await given.tx((tx) => tx.extendLeases([keyOf(row)], hour))).toHaveLength(1);
    expect(await given.tx((tx) => tx.listExpiredLeases(0, 1_000))).not.toContainEqual(
      expect.objectContaining({ id: row.id }),
    );
  });

  test("a cancelled attempt hears its new state, and its lease ends with its own token only", async () => {
    const row = await running(hour);
    const set = { dropLease: false };
    await given.tx((tx) => tx.moveTaskInstances([{ id: row.id, from: "running", attempt: 1, to: "restarting", set }]));
    expect(await given.tx((tx) => tx.extendLeases([keyOf(row)], hour))).toMatchObject([{ state: "restarting" }]);
    const ended = await given.tx((tx) => tx.endLeases([keyOf(row)]));
    expect(ended).toMatchObject([
      { id: row.id, state: "restarting", leaseUntil: null, tokenHash: null, workerId: null },
    ]);
    expect(await find(row.id)).toEqual(ended[0]);
    expect(await given.tx((tx) => tx.endLeases([keyOf(row)]))).toEqual([]);
  });

  test("a running attempt keeps its lease: it ends when the instance is moved", async () => {
    const row = await running(hour);
    expect(await given.tx((tx) => tx.endLeases([keyOf(row)]))).toEqual([]);
    expect(await find(row.id)).toEqual(row);
  });

  test("overdue leases are listed after the grace, oldest first, whatever the state", async () => {
    const first = await running(0);
    const second = await running(0);
    const live = await running(hour);
    const set = { dropLease: false };
    await given.tx((tx) =>
      tx.moveTaskInstances([{ id: second.id, from: "running", attempt: 1, to: "restarting", set }]),
    );
    const own = new Set([first.id, second.id, live.id]);
    const list = async (graceMs: number) =>
      (await given.tx((tx) => tx.listExpiredLeases(graceMs, 1_000))).map((row) => row.id).filter((id) => own.has(id));
    expect(await list(0)).toEqual([first.id, second.id]);
    expect(await list(hour)).toEqual([]);
    expect(await given.tx((tx) => tx.listExpiredLeases(0, 1))).toHaveLength(1);
  });

  test("of leases that ended those are locked that still have, so that no heartbeat comes between", async () => {
    const over = await running(0);
    const live = await running(hour);
    const keys = [keyOf(over), keyOf(live), { ...keyOf(over), tokenHash: "another" }];
    expect(await given.tx((tx) => tx.lockExpiredLeases(keys, 0))).toEqual([over.id]);
    expect(await given.tx((tx) => tx.lockExpiredLeases(keys, hour))).toEqual([]);
    const open = await given.open();
    expect(await open.tx.lockExpiredLeases(keys, 0)).toEqual([over.id]);
    const late = given.tx((tx) => tx.extendLeases([keyOf(over)], hour));
    expect(await given.waits(late)).toBe(true);
    await open.commit();
    expect(await late).toHaveLength(1);
    expect(await given.tx((tx) => tx.lockExpiredLeases(keys, 0))).toEqual([]);
  });

  test("what a worker holds is listed, however long its leases are", async () => {
    const [worker, other] = [someId("worker"), someId("worker")];
    const rows = [await running(hour, worker), await running(0, worker)];
    await running(hour, other);
    const ended = await running(hour, worker);
    await given.tx((tx) => tx.moveTaskInstances([{ id: ended.id, from: "running", attempt: 1, to: "failed" }]));
    const held = await given.tx((tx) => tx.listLeasesOfWorkers([worker, someId("worker")]));
    expect(held.map((row) => row.id).toSorted()).toEqual(rows.map((row) => row.id));
    expect(await given.tx((tx) => tx.listLeasesOfWorkers([]))).toEqual([]);
  });

  test("runs with a retry or reschedule that is due are listed, each once, sorted", async () => {
    const runs = [
      await someRun(given.store),
      await someRun(given.store),
      await someRun(given.store),
      await someRun(given.store),
    ];
    const wait = async (index: number, state: "up_for_retry" | "up_for_reschedule", nextDueAt: Date) => {
      const run = runs[index];
      const row = await someTaskInstance(given.store, { ...(run && { run }), state: "running" });
      await given.tx((tx) =>
        tx.moveTaskInstances([{ id: row.id, from: "running", attempt: 1, to: state, set: { nextDueAt } }]),
      );
      return row;
    };
    await wait(2, "up_for_retry", past);
    const both = await wait(0, "up_for_reschedule", past);
    await wait(0, "up_for_reschedule", past);
    await wait(1, "up_for_retry", future);
    const settled = await wait(3, "up_for_retry", past);
    await given.tx((tx) => tx.moveTaskInstances([{ id: settled.id, from: "up_for_retry", attempt: 1, to: "failed" }]));
    const own = new Set(runs.map((run) => run.id));
    const due = (await given.tx((tx) => tx.listDueRuns(1_000))).filter((key) => own.has(key));
    expect(due).toEqual([both.runKey, runs[2]?.id]);
    expect(await given.tx((tx) => tx.listDueRuns(1))).toHaveLength(1);
  });

  test("the next due time is the earliest, past or not, and null when nothing waits", async () => {
    const before = await given.tx((tx) => tx.nextDueAt());
    const row = await someTaskInstance(given.store, { state: "running" });
    const nextDueAt = new Date("1990-01-01T00:00:00.007Z");
    await given.tx((tx) =>
      tx.moveTaskInstances([{ id: row.id, from: "running", attempt: 1, to: "up_for_retry", set: { nextDueAt } }]),
    );
    expect(await given.tx((tx) => tx.nextDueAt())).toEqual(nextDueAt);
    await given.tx((tx) => tx.moveTaskInstances([{ id: row.id, from: "up_for_retry", attempt: 1, to: "scheduled" }]));
    expect(await given.tx((tx) => tx.nextDueAt())).toEqual(before);
  });
}
