import { describe, expect, it } from "vitest";
import { specOf, taskOf } from "../../test/spec-builder.ts";
import { later, noon, runOf, viewOf } from "../../test/view-builder.ts";
import { graphOf } from "../dag-spec/dag-graph.ts";
import { decideFailFast, decideRunTimeout } from "./run-stop.ts";
import { emptyTally } from "./tally.ts";

const tasks = [taskOf("a"), taskOf("b"), taskOf("c", ["b"]), taskOf("d")];
const states = { a: "failed", b: "running", d: "success" } as const;

describe("decideFailFast", () => {
  const graph = graphOf(specOf(tasks, { failFast: true }));
  const { instances } = viewOf(graph, states);

  it("fails what runs and skips what has not begun", () => {
    const { moves, tallyDeltas } = decideFailFast(graph, instances, ["success", "failed"]);
    expect(moves.map(({ instance, to, code }) => [instance.taskId, to, code])).toEqual([
      ["b", "failed", "fail_fast"],
      ["c", "skipped", "fail_fast"],
    ]);
    expect(tallyDeltas).toEqual([{ taskId: "c", delta: { ...emptyTally, failed: 1 } }]);
  });

  it("does nothing without a failure, or in a Dag that does not fail fast", () => {
    expect(decideFailFast(graph, instances, ["success", "upstream_failed"]).moves).toEqual([]);
    expect(decideFailFast(graphOf(specOf(tasks)), instances, ["failed"]).moves).toEqual([]);
  });
});

describe("decideRunTimeout", () => {
  const graph = graphOf(specOf(tasks, { runTimeoutSeconds: 60 }));
  const { instances } = viewOf(graph, states);
  const decide = (seconds: number, run = runOf()) => decideRunTimeout({ graph, instances, run }, later(seconds));

  it("ends a run at its time, not before", () => {
    expect(decide(59.999)).toBeNull();
    const decision = decide(60);
    expect(decision).toMatchObject({ run: "failed", code: "run_timeout" });
    expect(decision?.moves.map(({ instance, to }) => [instance.taskId, to])).toEqual([
      ["b", "skipped"],
      ["c", "skipped"],
    ]);
  });

  it("does not concern runs that wait, are over, or have no limit", () => {
    expect(decide(99, runOf({ state: "queued" }))).toBeNull();
    expect(decide(99, runOf({ state: "success" }))).toBeNull();
    expect(decide(99, runOf({ startedAt: null }))).toBeNull();
    expect(
      decideRunTimeout({ graph: graphOf(specOf(tasks)), instances, run: runOf({ startedAt: noon }) }, later(99)),
    ).toBeNull();
  });
});
