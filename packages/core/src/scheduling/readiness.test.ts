import { describe, expect, it } from "vitest";
import { graphFrom, specOf, taskOf } from "../../test/spec-builder.ts";
import { instanceOf, later, noon, runOf, viewOf } from "../../test/view-builder.ts";
import { graphOf } from "../dag-spec/dag-graph.ts";
import { taskInstanceStates } from "../states/task-instance-state.ts";
import { readiness } from "./readiness.ts";
import type { RunView, TaskInstanceView } from "./run-view.ts";
import { emptyTally } from "./tally.ts";

const graph = graphFrom({ a: [], b: ["a"] }, { b: { dependsOnPast: true } });
const view = viewOf(graph, { a: "success" });
const decide = (more: Partial<TaskInstanceView> = {}, changes: Partial<RunView> = {}) =>
  readiness(instanceOf("b", more), { ...view, ...changes }, noon);

describe("readiness", () => {
  it("passes when nothing stands against it", () => {
    expect(decide()).toEqual({ kind: "pass" });
  });

  it("settles an instance whose task is gone, even in a run that is not running", () => {
    const gone = readiness(instanceOf("gone"), { ...view, run: runOf({ state: "queued" }) }, noon);
    expect(gone).toMatchObject({ kind: "settle", state: "removed", code: "task_removed" });
  });

  it.each(["queued", "success", "failed"] as const)("waits while the run is %s", (state) => {
    expect(decide({}, { run: runOf({ state }) })).toMatchObject({
      code: "run_not_running",
      detail: `the run is ${state}`,
    });
  });

  it("waits for an earlier attempt until its lease and the grace are over, not longer", () => {
    const held = { leaseUntil: later(30) };
    expect(decide(held)).toMatchObject({ code: "earlier_attempt_ending", until: later(30) });
    expect(decide(held, { leaseGraceMs: 10_000 })).toMatchObject({ until: later(40) });
    expect(readiness(instanceOf("b", held), { ...view, leaseGraceMs: 10_000 }, later(39))).toMatchObject({
      kind: "wait",
    });
    expect(readiness(instanceOf("b", held), { ...view, leaseGraceMs: 10_000 }, later(40))).toEqual({ kind: "pass" });
    expect(decide({ ...held, state: "restarting" })).toMatchObject({ code: "earlier_attempt_ending" });
    expect(decide({ ...held, state: "scheduled" })).toMatchObject({ code: "earlier_attempt_ending" });
  });

  it.each([
    ["up_for_retry", "retry_delay"],
    ["up_for_reschedule", "reschedule_due"],
  ] as const)("waits in %s until it is due", (state, code) => {
    expect(decide({ state, nextDueAt: later(5) })).toEqual({ kind: "wait", code, until: later(5) });
    expect(decide({ state, nextDueAt: noon })).toEqual({ kind: "pass" });
    expect(decide({ state })).toEqual({ kind: "pass" });
  });

  it("skips what a branch did not choose, before it looks at anything upstream", () => {
    const verdict = decide({}, { exclusions: new Map([["size", ["x", "b"]]]), tallies: new Map() });
    expect(verdict).toMatchObject({ kind: "settle", state: "skipped", code: "branch_not_chosen" });
  });

  it("waits for upstreams that are not in the view", () => {
    expect(decide({}, { tallies: new Map() })).toMatchObject({ code: "upstream_unfinished" });
  });

  it("settles by the trigger rule even while the past does not let it go on", () => {
    const past = new Map([["b", "unmet" as const]]);
    expect(decide({}, { past })).toMatchObject({ code: "past_run_unfinished" });
    const failed = new Map([["b", { ...emptyTally, total: 1, failed: 1 }]]);
    expect(decide({}, { past, tallies: failed })).toMatchObject({ kind: "settle", state: "upstream_failed" });
  });

  it("asks for the past only of tasks that depend on it", () => {
    expect(readiness(instanceOf("a"), { ...view, past: new Map([["a", "unmet"]]) }, noon)).toEqual({ kind: "pass" });
  });

  it("has an answer for every state", () => {
    const kinds = Object.fromEntries(taskInstanceStates.map((state) => [state, decide({ state }).kind]));
    expect(kinds).toEqual({
      ...Object.fromEntries(taskInstanceStates.map((state) => [state, "pass"])),
      deferred: "wait",
      awaiting_input: "wait",
    });
  });
});

describe("a mapped task", () => {
  const mapped = graphOf(
    specOf([
      taskOf("list"),
      taskOf("each", ["list"], {
        mapped: true,
        args: [
          { kind: "xcom", task: "list" },
          { kind: "value", value: [1, 2] },
        ],
        triggerRule: "all_done",
      }),
    ]),
  );
  const done = viewOf(mapped, { list: "success" });
  const decideEach = (mapIndex: number, lengths?: readonly (number | "pending" | "missing")[]) =>
    readiness(
      instanceOf("each", { mapIndex }),
      { ...done, sourceLengths: new Map(lengths ? [["each", lengths]] : []) },
      noon,
    );

  it("waits for its lists, and does not take an unknown length for none", () => {
    expect(decideEach(-1)).toMatchObject({ kind: "wait", code: "map_source_unfinished" });
    expect(decideEach(-1, ["pending", 2])).toMatchObject({ kind: "wait", code: "map_source_unfinished" });
    expect(decideEach(-1, ["pending", 0])).toMatchObject({ kind: "wait", code: "map_source_unfinished" });
  });

  it("passes when all lengths are known, and is skipped when there is nothing to do", () => {
    expect(decideEach(-1, [3, 2])).toEqual({ kind: "pass" });
    expect(decideEach(-1, [0, 2])).toMatchObject({ state: "skipped", code: "map_source_empty" });
  });

  it("goes on with an index that the lists still have, removes one that they lost", () => {
    expect(decideEach(5, [3, 2])).toEqual({ kind: "pass" });
    expect(decideEach(6, [3, 2])).toMatchObject({ state: "removed", code: "map_index_gone" });
    expect(decideEach(0, [0, 2])).toMatchObject({ state: "skipped", code: "map_source_empty" });
    expect(decideEach(1, [0, 2])).toMatchObject({ state: "removed", code: "map_index_gone" });
    expect(decideEach(1)).toEqual({ kind: "pass" });
  });

  it("without a list is skipped after a skipped source, and fails after any other", () => {
    expect(decideEach(-1, ["missing", 2])).toMatchObject({ state: "upstream_failed", code: "map_source_missing" });
    const skipped = {
      ...viewOf(mapped, { list: "skipped" }),
      sourceLengths: new Map([["each", ["missing", 2] as const]]),
    };
    expect(readiness(instanceOf("each"), skipped, noon)).toMatchObject({
      state: "skipped",
      code: "map_source_missing",
    });
  });
});
