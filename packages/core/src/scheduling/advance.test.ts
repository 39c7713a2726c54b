import { describe, expect, it } from "vitest";
import { bestOf } from "../../test/best-of.ts";
import { graphFrom, specOf, taskOf } from "../../test/spec-builder.ts";
import { instanceOf, later, noon, runOf, viewOf, viewOfInstances } from "../../test/view-builder.ts";
import { graphOf } from "../dag-spec/dag-graph.ts";
import { decideAdvance } from "./advance.ts";
import type { AdvanceDecision } from "./advance-decision.ts";
import { countTallies, emptyTally, initialTallies } from "./tally.ts";

const brief = ({ moves }: AdvanceDecision) =>
  moves.map(({ instance, to, code }) => `${instance.taskId}[${instance.mapIndex}] ${to} ${code}`);

const chain = graphFrom({ a: [], b: ["a"], c: ["b"], d: ["c"] });

describe("decideAdvance", () => {
  it("schedules what may run, and begins a try with it", () => {
    const decision = decideAdvance(viewOf(chain), noon);
    expect(decision.moves).toMatchObject([{ to: "scheduled", code: "ready", tryNumber: 1, mapIndex: -1 }]);
    expect(decision.moves[0]?.instance.taskId).toBe("a");
    expect(decision).toMatchObject({ expansions: [], tallyDeltas: [], needsMore: [], wakeAt: null });
  });

  it("carries a failure down the whole view in one call", () => {
    const decision = decideAdvance(viewOf(chain, { a: "failed" }), noon);
    expect(brief(decision)).toEqual([
      "b[-1] upstream_failed trigger_rule",
      "c[-1] upstream_failed trigger_rule",
      "d[-1] upstream_failed trigger_rule",
    ]);
    expect(decision.tallyDeltas).toEqual([
      { taskId: "c", delta: { ...emptyTally, upstreamFailed: 1 } },
      { taskId: "d", delta: { ...emptyTally, upstreamFailed: 1 } },
    ]);
  });

  it("lets a rule take over below a skip", () => {
    const graph = graphFrom({ a: [], b: ["a"], c: ["b"], d: ["c"] }, { c: { triggerRule: "all_done" } });
    const decision = decideAdvance(viewOf(graph, {}, { exclusions: new Map([["x", ["a"]]]) }), noon);
    expect(brief(decision)).toEqual([
      "a[-1] skipped branch_not_chosen",
      "b[-1] skipped trigger_rule",
      "c[-1] scheduled ready",
    ]);
  });

  it("says what it would need when the view is only a part, and nothing when it is the whole run", () => {
    const part = viewOf(chain, { a: "failed" });
    const onlyB = { ...part, instances: part.instances.filter(({ taskId }) => taskId === "b") };
    expect(decideAdvance(onlyB, noon).needsMore).toEqual(["c"]);
    expect(decideAdvance({ ...onlyB, whole: true }, noon).needsMore).toEqual([]);
  });

  it("succeeds empty tasks without a worker", () => {
    const graph = graphFrom({ a: [], b: ["a"], c: ["b"] }, { a: { kind: "empty" }, b: { kind: "empty" } });
    expect(brief(decideAdvance(viewOf(graph), noon))).toEqual([
      "a[-1] success nothing_to_run",
      "b[-1] success nothing_to_run",
      "c[-1] scheduled ready",
    ]);
  });

  it("begins a try after a retry, and goes on with the same one after a reschedule", () => {
    const graph = graphFrom({ a: [], b: [] });
    const instances = [
      instanceOf("a", { state: "up_for_retry", tryNumber: 1 }),
      instanceOf("b", { state: "up_for_reschedule", tryNumber: 1 }),
    ];
    const { moves } = decideAdvance(viewOfInstances(graph, instances), noon);
    expect(moves.map(({ to, tryNumber }) => [to, tryNumber])).toEqual([
      ["scheduled", 2],
      ["scheduled", 1],
    ]);
  });

  it("gives the earliest time at which something may go on by itself", () => {
    const graph = graphFrom({ a: [], b: [], c: [] });
    const instances = [
      instanceOf("a", { state: "up_for_retry", nextDueAt: later(60) }),
      instanceOf("b", { state: "up_for_reschedule", nextDueAt: later(20) }),
      instanceOf("c", { leaseUntil: later(40) }),
    ];
    const decision = decideAdvance(viewOfInstances(graph, instances), noon);
    expect(decision.moves).toEqual([]);
    expect(decision.wakeAt).toEqual(later(20));
  });

  it("takes a cleared running task on when its attempt is over, in one move", () => {
    const restarting = (leaseUntil: Date | null) => [
      instanceOf("a", { state: "success" }),
      instanceOf("b", { state: "restarting", tryNumber: 1, leaseUntil }),
    ];
    expect(brief(decideAdvance(viewOfInstances(chain, restarting(later(1))), noon))).toEqual([]);
    expect(brief(decideAdvance(viewOfInstances(chain, restarting(null)), noon))).toEqual(["b[-1] scheduled ready"]);
    const upstreamToo = [instanceOf("a"), instanceOf("b", { state: "restarting" })];
    expect(brief(decideAdvance(viewOfInstances(chain, upstreamToo), noon))).toEqual([
      "a[-1] scheduled ready",
      "b[-1] none earlier_attempt_ended",
    ]);
  });

  it("moves nothing in a run that is not running", () => {
    const view = viewOf(chain, { a: "failed", c: "restarting" }, { run: runOf({ state: "queued" }) });
    expect(decideAdvance(view, noon).moves).toEqual([]);
  });

  it("leaves alone what is scheduled, running or finished", () => {
    const graph = graphFrom({ a: [], b: [], c: [], d: [], e: [] });
    const view = viewOf(graph, { a: "scheduled", b: "queued", c: "running", d: "success", e: "deferred" });
    expect(decideAdvance(view, noon).moves).toEqual([]);
  });

  it("removes instances of tasks that are gone, scheduled ones too", () => {
    const instances = [instanceOf("gone"), instanceOf("old", { state: "scheduled" })];
    expect(brief(decideAdvance({ ...viewOf(chain), instances }, noon))).toEqual([
      "gone[-1] removed task_removed",
      "old[-1] removed task_removed",
    ]);
  });
});

describe("mapping", () => {
  const graph = graphOf(
    specOf([
      taskOf("list"),
      taskOf("each", ["list"], { mapped: true, args: [{ kind: "xcom", task: "list" }], triggerRule: "all_done" }),
      taskOf("again", ["each"], { mapped: true, args: [{ kind: "xcom", task: "each" }], triggerRule: "all_done" }),
      taskOf("sum", ["each", "again"], { triggerRule: "all_done" }),
    ]),
  );
  const listed = (length: number) =>
    viewOf(graph, { list: "success" }, { sourceLengths: new Map([["each", [length]]]) });

  it("turns the placeholder into index 0 and adds the others, for the tallies too", () => {
    const decision = decideAdvance(listed(5), noon);
    expect(decision.moves).toMatchObject([{ to: "scheduled", tryNumber: 1, mapIndex: 0 }]);
    expect(decision.expansions).toMatchObject([
      { instance: { taskId: "each", mapIndex: -1 }, have: 1, length: 5, to: "scheduled" },
    ]);
    const four = { ...emptyTally, total: 4 };
    expect(decision.tallyDeltas).toEqual([
      { taskId: "again", delta: four },
      { taskId: "sum", delta: four },
    ]);
  });

  it("needs no insert for a list of one", () => {
    const decision = decideAdvance(listed(1), noon);
    expect(decision.moves).toMatchObject([{ to: "scheduled", mapIndex: 0 }]);
    expect(decision.expansions).toEqual([]);
  });

  it("skips an empty list, and what maps over the skipped one does not wait for a list that never comes", () => {
    const decision = decideAdvance(listed(0), noon);
    expect(brief(decision)).toEqual([
      "each[-1] skipped map_source_empty",
      "again[-1] skipped map_source_missing",
      "sum[-1] scheduled ready",
    ]);
  });

  it("fails a list that is too long, at the limit it is told", () => {
    const limits = { maxMapLength: 10 };
    expect(decideAdvance(listed(10), noon, limits).expansions).toMatchObject([{ length: 10 }]);
    const decision = decideAdvance(listed(11), noon, limits);
    expect(brief(decision)[0]).toBe("each[-1] failed map_too_long");
    expect(decision.moves[0]?.detail).toBe("11 elements; at most 10 are allowed");
    expect(decideAdvance(listed(1_025), noon).moves[0]).toMatchObject({ to: "failed" });
  });

  it("expands over lists that stand in the Spec without being told their lengths", () => {
    const literal = graphOf(
      specOf([
        taskOf("pairs", [], {
          mapped: true,
          args: [
            { kind: "value", value: ["x", "y"] },
            { kind: "array", items: [1, 2, 3].map((value) => ({ kind: "value", value })) },
          ],
        }),
      ]),
    );
    expect(decideAdvance(viewOf(literal), noon).expansions).toMatchObject([{ length: 6 }]);
  });

  it("succeeds an empty mapped task whole", () => {
    const empties = graphOf(
      specOf([
        taskOf("e", [], { kind: "empty", mapped: true, args: [{ kind: "value", value: [1, 2, 3] }] }),
        taskOf("f", ["e"]),
      ]),
    );
    const decision = decideAdvance(viewOf(empties), noon);
    expect(decision.expansions).toMatchObject([{ length: 3, to: "success" }]);
    expect(decision.tallyDeltas).toEqual([{ taskId: "f", delta: { ...emptyTally, total: 2, success: 3 } }]);
    expect(brief(decision)).toEqual(["e[-1] success nothing_to_run", "f[-1] scheduled ready"]);
  });

  it("follows a list that grew or shrank after a clear", () => {
    const indexes = [0, 1, 2].map((mapIndex) => instanceOf("each", { mapIndex, tryNumber: 1 }));
    const cleared = (length: number) =>
      viewOfInstances(
        graph,
        [instanceOf("list", { state: "success" }), ...indexes, instanceOf("again"), instanceOf("sum")],
        {
          sourceLengths: new Map([["each", [length]]]),
          expanded: new Map([["each", 3]]),
        },
      );
    const grown = decideAdvance(cleared(5), noon);
    expect(grown.expansions).toMatchObject([{ have: 3, length: 5 }]);
    expect(grown.moves.map(({ to, tryNumber }) => [to, tryNumber])).toEqual(Array(3).fill(["scheduled", 2]));
    const shrunk = decideAdvance(cleared(2), noon);
    expect(brief(shrunk)).toEqual([
      "each[0] scheduled ready",
      "each[1] scheduled ready",
      "each[2] removed map_index_gone",
    ]);
    expect(shrunk.needsMore).toContain("again");
  });
});

describe("ten thousand instances", () => {
  const wide = graphFrom({
    start: [],
    ...Object.fromEntries(Array.from({ length: 9_998 }, (_, i) => [`t${i}`, ["start"]])),
    end: Array.from({ length: 9_998 }, (_, i) => `t${i}`),
  });
  const long = graphFrom(
    Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`t${i}`, i === 0 ? [] : [`t${i - 1}`]])),
  );
  it.each([
    ["all scheduled at once", viewOf(wide, { start: "success" }), 9_998],
    ["all failed in a chain", viewOf(long, { t0: "failed" }), 9_999],
    ["none to decide", viewOf(long), 1],
  ] as const)("are decided without delay: %s", (_, view, moves) => {
    expect(decideAdvance(view, noon).moves).toHaveLength(moves);
    // Usually 2 to 20 ms; the bound leaves room for a busy machine and still catches anything quadratic.
    expect(bestOf(() => decideAdvance(view, noon))).toBeLessThan(200);
  });
});

it("A new run's tallies are those counted from its instances", () => {
  expect(initialTallies(chain)).toEqual(countTallies(chain, viewOf(chain).instances));
});
