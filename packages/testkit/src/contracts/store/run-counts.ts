import { isFinished, type TaskInstanceState } from "@airloom/core";
import type { TallyRow } from "@airloom/store";
import { expect, test } from "vitest";
import { publish } from "../../factories/publish.ts";
import { someId } from "../../factories/some-id.ts";
import { someRun } from "../../factories/some-run.ts";
import { someTaskInstance } from "../../factories/some-task-instance.ts";
import type { StoreUnderTest } from "./store-under-test.ts";

const tally = (taskId: string, counts: Partial<TallyRow> = {}): TallyRow => ({
  taskId,
  total: 0,
  success: 0,
  failed: 0,
  upstreamFailed: 0,
  skipped: 0,
  removed: 0,
  ...counts,
});
const day = (number: number) => new Date(Date.UTC(2020, 0, number));

export function runCountPromises(given: StoreUnderTest): void {
  test("tallies add up, and are listed by task, all or some", async () => {
    const run = await someRun(given.store);
    const other = await someRun(given.store);
    await given.tx(async (tx) => {
      await tx.insertTallies(run.id, [tally("b", { total: 2 }), tally("a", { total: 5, failed: 1 }), tally("c")]);
      await tx.insertTallies(other.id, [tally("a", { total: 1 })]);
      const deltas = [
        tally("b", { success: 1 }),
        tally("a", { total: 3, failed: -1, skipped: 2, upstreamFailed: 1, removed: 4, success: 1 }),
      ];
      await tx.addTallies(run.id, [...deltas, tally("missing", { total: 1 })]);
    });
    const a = tally("a", { total: 8, failed: 0, skipped: 2, upstreamFailed: 1, removed: 4, success: 1 });
    const b = tally("b", { total: 2, success: 1 });
    expect(await given.tx((tx) => tx.listTallies(run.id))).toEqual([a, b, tally("c")]);
    expect(await given.tx((tx) => tx.listTallies(run.id, ["b", "missing", "a"]))).toEqual([a, b]);
    expect(await given.tx((tx) => tx.listTallies(run.id, []))).toEqual([]);
    expect(await given.tx((tx) => tx.listTallies(other.id))).toEqual([tally("a", { total: 1 })]);
  });

  test("a recount gives what counting by hand gives", async () => {
    const run = await someRun(given.store, { unfinished: 99 });
    const states: Readonly<Record<string, readonly TaskInstanceState[]>> = {
      extract: ["success"],
      map: ["success", "failed", "skipped", "removed", "upstream_failed", "running", "none"],
      load: ["none"],
      idle: ["skipped"],
    };
    for (const [taskId, ofTask] of Object.entries(states)) {
      for (const [mapIndex, state] of ofTask.entries())
        await someTaskInstance(given.store, { run, taskId, mapIndex, state });
    }
    await given.tx((tx) => tx.insertTallies(run.id, [tally("load", { total: 77 }), tally("extract", { total: 5 })]));
    const edges = { tasks: ["load", "load", "map"], upstreams: ["map", "extract", "extract"] };
    await given.tx((tx) => tx.recountRun(run.id, edges));
    const count = (taskIds: readonly string[], state: TaskInstanceState) =>
      taskIds.flatMap((id) => states[id] ?? []).filter((one) => one === state).length;
    const byHand = (taskId: string, above: readonly string[]) =>
      tally(taskId, {
        total: above.flatMap((id) => states[id] ?? []).length,
        success: count(above, "success"),
        failed: count(above, "failed"),
        upstreamFailed: count(above, "upstream_failed"),
        skipped: count(above, "skipped"),
        removed: count(above, "removed"),
      });
    expect(await given.tx((tx) => tx.listTallies(run.id))).toEqual([
      tally("extract", { total: 5 }),
      byHand("load", ["map", "extract"]),
      byHand("map", ["extract"]),
    ]);
    const unfinished = Object.values(states)
      .flat()
      .filter((state) => !isFinished(state)).length;
    expect(await given.tx((tx) => tx.listRunsByKey([run.id]))).toMatchObject([{ unfinished }]);
  });

  test("an exclusion replaces the earlier one of its task, and is deleted by task", async () => {
    const run = await someRun(given.store);
    await given.tx(async (tx) => {
      await tx.putExclusion(run.id, "choose", ["a", "b"]);
      await tx.putExclusion(run.id, "choose", ["c"]);
      await tx.putExclusion(run.id, "again", []);
    });
    expect(await given.tx((tx) => tx.listExclusions(run.id))).toEqual([
      { taskId: "again", excluded: [] },
      { taskId: "choose", excluded: ["c"] },
    ]);
    await given.tx((tx) => tx.deleteExclusions(run.id, ["choose", "missing"]));
    expect(await given.tx((tx) => tx.listExclusions(run.id))).toEqual([{ taskId: "again", excluded: [] }]);
    expect(await given.tx((tx) => tx.listExclusions(-1))).toEqual([]);
  });

  test("past states are those of the newest earlier run that has the task", async () => {
    const dag = await publish(given.store);
    const at = (number: number) => someRun(given.store, { dag, logicalDate: day(number) });
    // Inserted out of order: the logical date counts.
    const [later, oldest, newest, present] = [await at(9), await at(1), await at(3), await at(5)];
    const undated = await someRun(given.store, { dag });
    const add = (run: typeof present, taskId: string, states: readonly TaskInstanceState[]) =>
      Promise.all(states.map((state, mapIndex) => someTaskInstance(given.store, { run, taskId, mapIndex, state })));
    await add(oldest, "load", ["success"]);
    await add(newest, "load", ["failed", "success", "running"]);
    await add(oldest, "old", ["skipped"]);
    await add(present, "load", ["success"]);
    await add(later, "late", ["success"]);
    await add(undated, "undated", ["success"]);
    await add(await someRun(given.store, { logicalDate: day(4) }), "foreign", ["success"]);
    const taskIds = ["old", "load", "late", "undated", "foreign", "missing"];
    expect(await given.tx((tx) => tx.listPastStates(present.id, taskIds))).toEqual([
      { taskId: "load", states: ["failed", "success", "running"] },
      { taskId: "old", states: ["skipped"] },
    ]);
    expect(await given.tx((tx) => tx.listPastStates(undated.id, taskIds))).toEqual([]);
    expect(await given.tx((tx) => tx.listPastStates(oldest.id, taskIds))).toEqual([]);
  });

  test("wake-ups give each run once, sorted, and are gone with the transaction that took them", async () => {
    await given.tx((tx) => tx.takeWakeups(1_000));
    const keys = [(await someRun(given.store)).id, (await someRun(given.store)).id] as const;
    await given.tx((tx) => tx.wakeRuns([keys[1], keys[0]], "first"));
    await given.tx((tx) => tx.wakeRuns([keys[1]], "second"));
    expect(await given.tx((tx) => tx.takeWakeups(1_000))).toEqual([...keys]);
    expect(await given.tx((tx) => tx.takeWakeups(1_000))).toEqual([]);
  });

  test("the other running runs of a Dag are woken, and nothing else", async () => {
    await given.tx((tx) => tx.takeWakeups(1_000));
    const dag = await publish(given.store);
    const make = (state: "queued" | "running" | "success") => someRun(given.store, { dag, state });
    const [own, first, second] = [await make("running"), await make("running"), await make("running")];
    for (const state of ["queued", "success"] as const) await make(state);
    await someRun(given.store);
    await given.tx((tx) => tx.wakeOtherRuns(dag.dagId, own.id, "a run finished"));
    expect(await given.tx((tx) => tx.takeWakeups(1_000))).toEqual([first.id, second.id]);
  });

  test("the oldest wake-ups are taken first, up to the limit", async () => {
    await given.tx((tx) => tx.takeWakeups(1_000));
    const keys = [
      (await someRun(given.store)).id,
      (await someRun(given.store)).id,
      (await someRun(given.store)).id,
    ] as const;
    for (const key of keys.toReversed()) await given.tx((tx) => tx.wakeRuns([key], "test"));
    expect(await given.tx((tx) => tx.takeWakeups(2))).toEqual([keys[1], keys[2]]);
    expect(await given.tx((tx) => tx.takeWakeups(2))).toEqual([keys[0]]);
  });

  test("wake-ups taken by an open transaction are passed over, and reappear when it rolls back", async () => {
    await given.tx((tx) => tx.takeWakeups(1_000));
    const { id } = await someRun(given.store);
    await given.tx((tx) => tx.wakeRuns([id], "test"));
    const open = await given.open();
    expect(await open.tx.takeWakeups(1_000)).toEqual([id]);
    expect(await given.tx((tx) => tx.takeWakeups(1_000))).toEqual([]);
    await open.rollback();
    expect(await given.tx((tx) => tx.takeWakeups(1_000))).toEqual([id]);
  });

  test("a wake-up is not seen before its writer commits, and no writer waits for another", async () => {
    await given.tx((tx) => tx.takeWakeups(1_000));
    const { id } = await someRun(given.store);
    const open = await given.open();
    await open.tx.wakeRuns([id], someId("reason"));
    expect(await given.tx((tx) => tx.takeWakeups(1_000))).toEqual([]);
    await given.tx((tx) => tx.wakeRuns([id], "another"));
    await open.commit();
    expect(await given.tx((tx) => tx.takeWakeups(1_000))).toEqual([id]);
  });
}
