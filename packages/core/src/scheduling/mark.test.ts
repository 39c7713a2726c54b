import { describe, expect, it } from "vitest";
import { graphFrom } from "../../test/spec-builder.ts";
import { viewOf } from "../../test/view-builder.ts";
import type { DagRunState } from "../states/dag-run-state.ts";
import { isLegalMove, type TaskInstanceState, taskInstanceStates } from "../states/task-instance-state.ts";
import { decideMarkRun, decideMarkTask, type MarkOptions } from "./mark.ts";
import { emptyTally } from "./tally.ts";

const graph = graphFrom(Object.fromEntries(taskInstanceStates.map((state) => [state, []])));
const oneOfEach = viewOf(graph, Object.fromEntries(taskInstanceStates.map((state) => [state, state]))).instances;

describe("decideMarkRun", () => {
  const marked = (to: "success" | "failed") => {
    const { moves } = decideMarkRun({ graph, runState: "running", instances: oneOfEach }, to);
    for (const move of moves) expect(isLegalMove(move.instance.state, move.to)).toBe(true);
    return Object.fromEntries(moves.map((move) => [move.instance.state, move.to]));
  };
  const unfinished = [
    "none",
    "scheduled",
    "queued",
    "running",
    "restarting",
    "up_for_retry",
    "up_for_reschedule",
    "deferred",
    "awaiting_input",
  ];

  it("success: all that is unfinished succeeds", () => {
    expect(marked("success")).toEqual(Object.fromEntries(unfinished.map((state) => [state, "success"])));
  });

  it("failed: what is under way fails, the rest is skipped", () => {
    expect(marked("failed")).toEqual({
      none: "skipped",
      scheduled: "skipped",
      queued: "skipped",
      up_for_retry: "skipped",
      running: "failed",
      restarting: "failed",
      up_for_reschedule: "failed",
      deferred: "failed",
      awaiting_input: "failed",
    });
  });

  it("queued touches no instance", () => {
    const decision = decideMarkRun({ graph, runState: "failed", instances: oneOfEach }, "queued");
    expect(decision).toMatchObject({ moves: [], run: "queued" });
  });

  it("says nothing of a run that has the state", () => {
    expect(decideMarkRun({ graph, runState: "success", instances: [] }, "success").run).toBeNull();
    expect(decideMarkRun({ graph, runState: "failed", instances: [] }, "success").run).toBe("success");
  });
});

describe("decideMarkTask", () => {
  const chain = graphFrom({ a: [], b: ["a"], c: ["b"] }, { c: { retries: 1 } });
  const mark = (
    states: Readonly<Record<string, TaskInstanceState>>,
    options: MarkOptions,
    runState: DagRunState = "running",
  ) => decideMarkTask({ graph: chain, runState, instances: viewOf(chain, states).instances }, options);
  const brief = ({ moves }: ReturnType<typeof mark>) =>
    moves.map(({ instance, to, code }) => `${instance.taskId} ${to} ${code}`);

  it.each(["success", "failed", "skipped"] as const)("gives %s to an instance in any state that may have it", (to) => {
    const { moves } = decideMarkTask({ graph, runState: "running", instances: oneOfEach }, { tasks: null, to });
    expect(moves.map(({ instance }) => instance.state).sort()).toEqual(
      taskInstanceStates.filter((state) => state !== to && state !== "removed").sort(),
    );
  });

  it("resumes what failed because of it, and the run", () => {
    const decision = mark(
      { a: "failed", b: "upstream_failed", c: "upstream_failed" },
      { tasks: [{ taskId: "a" }], to: "success" },
      "failed",
    );
    expect(brief(decision)).toEqual(["a success marked", "b none resumed", "c none resumed"]);
    expect(decision.moves[2]?.maxTries).toBe(1);
    expect(decision.run).toBe("queued");
    expect(decision.tallyDeltas).toEqual([
      { taskId: "b", delta: { ...emptyTally, failed: -1, success: 1 } },
      { taskId: "c", delta: { ...emptyTally, upstreamFailed: -1 } },
    ]);
  });

  it("resumes nothing after a mark failed, and lets a run that is over be", () => {
    const states = { a: "success", b: "failed", c: "upstream_failed" } as const;
    const decision = mark(states, { tasks: [{ taskId: "a" }], to: "failed" }, "failed");
    expect(brief(decision)).toEqual(["a failed marked"]);
    expect(decision.run).toBeNull();
  });

  it("does not resume what it marks in the same call", () => {
    const states = { a: "failed", b: "upstream_failed", c: "upstream_failed" } as const;
    const decision = mark(states, { tasks: [{ taskId: "a" }, { taskId: "b" }], to: "skipped" });
    expect(brief(decision)).toEqual(["a skipped marked", "b skipped marked", "c none resumed"]);
  });
});
