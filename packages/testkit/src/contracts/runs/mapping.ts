import type { TaskSpec } from "@airloom/core";
import { clearTasks } from "@airloom/runs";
import { expect, test } from "vitest";
import type { Work } from "../../runs/drive-runs.ts";
import { bytes, failure, listOf, type RunsGiven, task } from "./runs-given.ts";

const over = (...sources: readonly string[]): Partial<TaskSpec> => ({
  mapped: true,
  args: sources.map((source) => ({ kind: "xcom" as const, task: source })),
});

/** Answers by task; a mapped instance by `task[index]` first. */
const by =
  (ends: Readonly<Record<string, ReturnType<Work>>>): Work =>
  ({ task: { id }, instance: { mapIndex } }) =>
    ends[`${id}[${mapIndex}]`] ?? ends[id] ?? { kind: "succeeded", value: bytes(mapIndex) };

export function mappingPromises(given: RunsGiven): void {
  test("two lists give their cross product, the first slowest", async () => {
    const elements: unknown[] = [];
    const tasks = [task("x"), task("y"), task("each", ["x", "y"], over("x", "y"))];
    const { states } = await given.run(tasks, (claimed) => {
      if (claimed.task.id === "each") elements.push([claimed.instance.mapIndex, ...claimed.inputs.elementIndexes]);
      return by({ x: listOf(2), y: listOf(3) })(claimed);
    });
    expect(states["(run)"]).toBe("success");
    expect(elements.toSorted()).toEqual([
      [0, 0, 0],
      [1, 0, 1],
      [2, 0, 2],
      [3, 1, 0],
      [4, 1, 1],
      [5, 1, 2],
    ]);
  });

  test("a task mapped over a mapped task has an instance for each of its", async () => {
    const tasks = [
      task("list"),
      task("first", ["list"], over("list")),
      task("second", ["first"], over("first")),
      task("sum", ["second"]),
    ];
    const { states, ran } = await given.run(tasks, by({ list: listOf(3) }));
    expect(states).toEqual({
      "(run)": "success",
      list: "success",
      ...Object.fromEntries([0, 1, 2].flatMap((n) => [`first[${n}]`, `second[${n}]`].map((id) => [id, "success"]))),
      sum: "success",
    });
    expect(ran.at(-1)).toBe("sum");
  });

  test("one instance that fails is tried again alone, and what reads them all waits for it", async () => {
    let failures = 0;
    const tasks = [
      task("list"),
      task("each", ["list"], { ...over("list"), retries: 1, retryDelaySeconds: 0 }),
      task("sum", ["each"]),
    ];
    const { states, ran } = await given.run(tasks, (claimed) =>
      claimed.instance.mapIndex === 1 && ++failures === 1 ? failure : by({ list: listOf(3) })(claimed),
    );
    expect(states["(run)"]).toBe("success");
    expect(ran.filter((name) => name.startsWith("each"))).toHaveLength(4);
    expect(ran.filter((name) => name === "each[1]")).toHaveLength(2);
    expect(ran.at(-1)).toBe("sum");
  });

  test("one instance that failed for good stops what needs them all", async () => {
    const tasks = [task("list"), task("each", ["list"], over("list")), task("sum", ["each"])];
    const { states } = await given.run(tasks, by({ list: listOf(3), "each[2]": failure }));
    expect(states).toMatchObject({ "(run)": "failed", "each[2]": "failed", sum: "upstream_failed" });
  });

  test("clearing one mapped instance runs it and what follows again, and no other", async () => {
    const tasks = [task("list"), task("each", ["list"], over("list")), task("sum", ["each"])];
    const { run, queue } = await given.run(tasks, by({ list: listOf(3), "each[1]": failure }));
    await clearTasks(given.under.deps, run.id, {
      tasks: [{ taskId: "each", mapIndex: 1 }],
      includeDownstream: true,
    });
    expect(await given.work(queue, by({}))).toEqual(["each[1]", "sum"]);
    expect((await given.states(run))["(run)"]).toBe("success");
  });

  test("a cleared source with a shorter list removes the instances that have no element", async () => {
    const tasks = [task("list"), task("each", ["list"], over("list")), task("sum", ["each"])];
    const { run, queue } = await given.run(tasks, by({ list: listOf(3) }));
    await clearTasks(given.under.deps, run.id, { tasks: null });
    await given.work(queue, by({ list: listOf(1) }));
    expect(await given.states(run)).toMatchObject({
      "(run)": "success",
      "each[0]": "success",
      "each[1]": "removed",
      "each[2]": "removed",
      sum: "success",
    });
  });

  test("a list in the Dag, and a list in the run's params", async () => {
    const literal: Partial<TaskSpec> = { mapped: true, args: [{ kind: "value", value: ["a", "b"] }] };
    const fromParams: Partial<TaskSpec> = { mapped: true, args: [{ kind: "param", path: ["regions"] }] };
    const { states } = await given.run([task("fixed", [], literal), task("asked", [], fromParams)], undefined, {
      params: { schema: { type: "object" }, defaults: { regions: ["eu", "us", "asia"] } },
    });
    expect(Object.keys(states).toSorted()).toEqual([
      "(run)",
      "asked[0]",
      "asked[1]",
      "asked[2]",
      "fixed[0]",
      "fixed[1]",
    ]);
    expect(states["(run)"]).toBe("success");
  });

  test("a list that is too long fails the task", async () => {
    const { states } = await given.run(
      [task("list"), task("each", ["list"], over("list"))],
      by({ list: listOf(2_000) }),
    );
    expect(states).toEqual({ "(run)": "failed", list: "success", each: "failed" });
  });

  test("an upstream that left no list: an error to see, and nothing to do after a skipped one", async () => {
    const tasks = [task("list"), task("each", ["list"], { ...over("list"), triggerRule: "all_done" })];
    const nothing = await given.run(tasks, by({ list: { kind: "succeeded" } }));
    expect(nothing.states).toEqual({ "(run)": "failed", list: "success", each: "upstream_failed" });
    const skipped = await given.run(tasks, by({ list: { kind: "skipped", reason: "none" } }));
    expect(skipped.states).toEqual({ "(run)": "success", list: "skipped", each: "skipped" });
  });

  test("an empty list skips the mapped task, and a chain of mapped tasks with it", async () => {
    const tasks = [
      task("list"),
      task("first", ["list"], over("list")),
      task("second", ["first"], over("first")),
      task("sum", ["second"], { triggerRule: "none_failed" }),
    ];
    const { states } = await given.run(tasks, by({ list: listOf(0) }));
    expect(states).toEqual({
      "(run)": "success",
      list: "success",
      first: "skipped",
      second: "skipped",
      sum: "success",
    });
  });

  test("a wide map keeps its task's limit in the run, and ends", async () => {
    let most = 0;
    const tasks = [
      task("list"),
      task("each", ["list"], { ...over("list"), maxActivePerRun: 3 }),
      task("sum", ["each"]),
    ];
    const { queue, run } = await given.start(tasks);
    await given.finish(await given.holdOne(queue), listOf(20));
    for (;;) {
      const held = await given.hold(queue);
      if (held.length === 0) break;
      most = Math.max(most, held.length);
      await Promise.all(held.map((one) => given.finish(one)));
    }
    expect(most).toBe(3);
    expect((await given.states(run))["(run)"]).toBe("success");
  });
}
