import type { TriggerRule } from "@airloom/core";
import { clearTasks } from "@airloom/runs";
import { expect, test } from "vitest";
import type { Work } from "../../runs/drive-runs.ts";
import { failing, failure, type RunsGiven, task } from "./runs-given.ts";

type End = "success" | "failed" | "skipped";

const answers: Readonly<Record<End, ReturnType<Work>>> = {
  success: { kind: "succeeded" },
  failed: failure,
  skipped: { kind: "skipped", reason: "none" },
};

/** Rule, how `a` and `b` end, and what becomes of the task after them. */
const table: readonly (readonly [TriggerRule, End, End, string])[] = [
  ["all_success", "success", "success", "success"],
  ["all_success", "success", "failed", "upstream_failed"],
  ["all_success", "success", "skipped", "skipped"],
  ["all_failed", "failed", "failed", "success"],
  ["all_failed", "failed", "success", "skipped"],
  ["all_done", "failed", "skipped", "success"],
  ["all_done_min_one_success", "success", "failed", "success"],
  ["all_done_min_one_success", "failed", "failed", "upstream_failed"],
  ["all_done_setup_success", "failed", "skipped", "success"],
  ["all_skipped", "skipped", "skipped", "success"],
  ["all_skipped", "skipped", "success", "skipped"],
  ["always", "failed", "failed", "success"],
  ["none_failed", "success", "skipped", "success"],
  ["none_failed", "skipped", "failed", "upstream_failed"],
  ["none_failed_min_one_success", "success", "skipped", "success"],
  ["none_failed_min_one_success", "skipped", "skipped", "skipped"],
  ["none_skipped", "success", "failed", "success"],
  ["none_skipped", "success", "skipped", "skipped"],
  ["one_done", "skipped", "failed", "success"],
  ["one_done", "skipped", "skipped", "skipped"],
  ["one_failed", "success", "failed", "success"],
  ["one_failed", "success", "success", "skipped"],
  ["one_success", "failed", "success", "success"],
  ["one_success", "failed", "failed", "upstream_failed"],
  ["one_success", "skipped", "skipped", "skipped"],
];

export function rulePromises(given: RunsGiven): void {
  test.each(table)("%s after %s and %s: %s", async (...[triggerRule, a, b, expected]) => {
    const ends: Readonly<Record<string, End>> = { a, b };
    const { states } = await given.run(
      [task("a"), task("b"), task("c", ["a", "b"], { triggerRule })],
      ({ task: { id } }) => answers[ends[id] ?? "success"],
    );
    expect(states).toMatchObject({ a, b, c: expected });
    expect(["success", "failed"]).toContain(states["(run)"]);
  });

  test("rules that need one upstream do not wait for the other, and `always` waits for none", async () => {
    const { queue } = await given.start([
      task("quick"),
      task("slow"),
      task("one", ["quick", "slow"], { triggerRule: "one_failed" }),
      task("done", ["quick", "slow"], { triggerRule: "one_done" }),
      task("now", ["quick", "slow"], { triggerRule: "always" }),
    ]);
    const held = await given.hold(queue);
    expect(held.map(({ task: { id } }) => id).toSorted()).toEqual(["now", "quick", "slow"]);
    for (const one of held) if (one.task.id === "quick") await given.finish(one, failure);
    expect((await given.next(queue)).toSorted()).toEqual(["done", "one"]);
  });

  test("a skip goes down as far as rules let it", async () => {
    const { states } = await given.run(
      [
        task("a"),
        task("b", ["a"]),
        task("c", ["b"]),
        task("d", ["c"], { triggerRule: "none_failed" }),
        task("e", ["d"]),
      ],
      ({ task: { id } }) => (id === "a" ? answers.skipped : answers.success),
    );
    expect(states).toEqual({
      "(run)": "success",
      a: "skipped",
      b: "skipped",
      c: "skipped",
      d: "success",
      e: "success",
    });
  });

  test("a branch within a branch that was not chosen never decides", async () => {
    const join = { triggerRule: "none_failed_min_one_success" as const };
    const { states, ran } = await given.run(
      [
        task("outer", [], { kind: "branch", branches: { left: ["left"], right: ["inner"] } }),
        task("left", ["outer"]),
        task("inner", ["outer"], { kind: "branch", branches: { x: ["x"], y: ["y"] } }),
        task("x", ["inner"]),
        task("y", ["inner"]),
        task("joinInner", ["x", "y"], join),
        task("joinOuter", ["left", "joinInner"], join),
      ],
      ({ task: { id } }) => ({ kind: "succeeded", ...(id === "outer" ? { decision: "left" } : {}) }),
    );
    expect(ran).toEqual(["outer", "left", "joinOuter"]);
    expect(states).toMatchObject({
      "(run)": "success",
      inner: "skipped",
      x: "skipped",
      y: "skipped",
      joinInner: "skipped",
      joinOuter: "success",
    });
  });

  test("a branch within the chosen branch decides for itself", async () => {
    const { ran } = await given.run(
      [
        task("outer", [], { kind: "branch", branches: { left: ["left"], right: ["inner"] } }),
        task("left", ["outer"]),
        task("inner", ["outer"], { kind: "branch", branches: { x: ["x"], y: ["y"] } }),
        task("x", ["inner"]),
        task("y", ["inner"]),
      ],
      ({ task: { id } }) => ({ kind: "succeeded", decision: id === "outer" ? "right" : "y" }),
    );
    expect(ran).toEqual(["outer", "inner", "y"]);
  });

  test("a branch that chose nothing it has fails, and what follows cannot run", async () => {
    const { states } = await given.run(
      [task("b", [], { kind: "branch", branches: { x: ["x"] } }), task("x", ["b"])],
      () => ({ kind: "succeeded", decision: "nowhere" }),
    );
    expect(states).toEqual({ "(run)": "failed", b: "failed", x: "upstream_failed" });
  });

  test("clearing a branch lets it decide anew", async () => {
    const tasks = [
      task("b", [], { kind: "branch", branches: { x: ["x"], y: ["y"] } }),
      task("x", ["b"]),
      task("y", ["b"]),
    ];
    const choosing =
      (decision: string): Work =>
      ({ task: { id } }) => ({ kind: "succeeded", ...(id === "b" ? { decision } : {}) });
    const { run, queue, states } = await given.run(tasks, choosing("x"));
    expect(states).toMatchObject({ x: "success", y: "skipped" });
    await clearTasks(given.under.deps, run.id, { tasks: null });
    await given.work(queue, choosing("y"));
    expect(await given.states(run)).toMatchObject({ "(run)": "success", x: "skipped", y: "success" });
  });

  test("tasks that have nothing to run are passed through, in a row and at the very start", async () => {
    const { states, ran } = await given.run([
      task("start", [], { kind: "empty" }),
      task("middle", ["start"], { kind: "empty" }),
      task("work", ["middle"]),
      task("end", ["work"], { kind: "empty" }),
    ]);
    expect(ran).toEqual(["work"]);
    expect(states["(run)"]).toBe("success");
  });

  test("a run of nothing but empty tasks ends at once", async () => {
    const { states } = await given.run([task("a", [], { kind: "empty" }), task("b", ["a"], { kind: "empty" })]);
    expect(states).toEqual({ "(run)": "success", a: "success", b: "success" });
  });

  test("a failure is told far below at once, past tasks that wait", async () => {
    const length = 30;
    const chain = Array.from({ length }, (_, index) => task(`t${index}`, index === 0 ? [] : [`t${index - 1}`]));
    const { states } = await given.run(chain, failing("t0"));
    expect(states["(run)"]).toBe("failed");
    expect(Object.values(states).filter((state) => state === "upstream_failed")).toHaveLength(length - 1);
  });
}
