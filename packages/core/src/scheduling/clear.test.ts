import { describe, expect, it } from "vitest";
import { graphFrom, specOf, taskOf } from "../../test/spec-builder.ts";
import { instanceOf, viewOf } from "../../test/view-builder.ts";
import { graphOf } from "../dag-spec/dag-graph.ts";
import { isLegalMove, type TaskInstanceState, taskInstanceStates } from "../states/task-instance-state.ts";
import { type ClearOptions, decideClear } from "./clear.ts";
import { emptyTally } from "./tally.ts";

const graph = graphFrom({ a: [], b: ["a"], c: ["b"], d: ["b"] }, { b: { retries: 2 } });
const viewWith = (states: Readonly<Record<string, TaskInstanceState>>) => ({
  graph,
  runState: "running" as const,
  instances: viewOf(graph, states).instances,
});
const allDone = viewWith({ a: "success", b: "failed", c: "upstream_failed", d: "skipped" });
const cleared = (options: ClearOptions) => decideClear(allDone, options).moves.map(({ instance }) => instance.taskId);

describe("decideClear", () => {
  it("selects tasks, with what is before or after them", () => {
    expect(cleared({ tasks: [{ taskId: "b" }] })).toEqual(["b"]);
    expect(cleared({ tasks: [{ taskId: "b" }], includeDownstream: true })).toEqual(["b", "c", "d"]);
    expect(cleared({ tasks: [{ taskId: "c" }], includeUpstream: true })).toEqual(["a", "b", "c"]);
    expect(cleared({ tasks: null })).toEqual(["a", "b", "c", "d"]);
    expect(cleared({ tasks: [] })).toEqual([]);
    expect(cleared({ tasks: [{ taskId: "gone" }], includeDownstream: true })).toEqual([]);
  });

  it("narrows to failed ones, running ones, or both", () => {
    expect(cleared({ tasks: null, onlyFailed: true })).toEqual(["b", "c"]);
    const mixed = viewWith({ a: "success", b: "failed", c: "running", d: "queued" });
    const ids = (options: ClearOptions) => decideClear(mixed, options).moves.map(({ instance }) => instance.taskId);
    expect(ids({ tasks: null, onlyRunning: true })).toEqual(["c"]);
    expect(ids({ tasks: null, onlyRunning: true, onlyFailed: true })).toEqual(["b", "c"]);
  });

  it.each(taskInstanceStates)("takes %s where the table allows, or leaves it", (state) => {
    const { moves } = decideClear(viewWith({ a: state }), { tasks: [{ taskId: "a" }] });
    const to = state === "none" || state === "restarting" ? [] : state === "running" ? ["restarting"] : ["none"];
    expect(moves.map((move) => move.to)).toEqual(to);
    for (const move of moves) expect(isLegalMove(state, move.to)).toBe(true);
  });

  it("gives the instance its retries anew", () => {
    const instances = [instanceOf("b", { state: "failed", tryNumber: 3, maxTries: 2 })];
    expect(decideClear({ ...allDone, instances }, { tasks: null }).moves).toMatchObject([
      { maxTries: 5, code: "cleared" },
    ]);
  });

  it("takes one map index alone, but all indexes of what follows", () => {
    const instances = [
      instanceOf("a", { state: "success", mapIndex: 0 }),
      instanceOf("a", { state: "success", mapIndex: 1 }),
      instanceOf("b", { state: "success", mapIndex: 0 }),
      instanceOf("b", { state: "success", mapIndex: 1 }),
    ];
    const { moves } = decideClear(
      { ...allDone, instances },
      { tasks: [{ taskId: "a", mapIndex: 1 }], includeDownstream: true },
    );
    expect(moves.map(({ instance: { taskId, mapIndex } }) => `${taskId}${mapIndex}`)).toEqual(["a1", "b0", "b1"]);
  });

  it("takes the finished ones out of the tallies after them", () => {
    expect(decideClear(allDone, { tasks: [{ taskId: "b" }] }).tallyDeltas).toEqual([
      { taskId: "c", delta: { ...emptyTally, failed: -1 } },
      { taskId: "d", delta: { ...emptyTally, failed: -1 } },
    ]);
    expect(decideClear(viewWith({ b: "running" }), { tasks: [{ taskId: "b" }] }).tallyDeltas).toEqual([]);
  });

  it("queues a run that was over, and only if something was cleared", () => {
    expect(decideClear({ ...allDone, runState: "failed" }, { tasks: [{ taskId: "b" }] }).run).toBe("queued");
    expect(decideClear({ ...allDone, runState: "failed" }, { tasks: [] }).run).toBeNull();
    expect(decideClear(allDone, { tasks: [{ taskId: "b" }] }).run).toBeNull();
  });

  it("names the branches that will decide again", () => {
    const branching = graphOf(
      specOf([taskOf("s", [], { kind: "branch", branches: { x: ["t"] } }), taskOf("t", ["s"])]),
    );
    const view = {
      graph: branching,
      runState: "running" as const,
      instances: viewOf(branching, { s: "success", t: "success" }).instances,
    };
    expect(decideClear(view, { tasks: null }).deciders).toEqual(["s"]);
    expect(decideClear(view, { tasks: [{ taskId: "t" }] }).deciders).toEqual([]);
  });
});
