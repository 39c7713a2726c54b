import { tries } from "@airloom/testkit/properties";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Faults, type Simulated, simulateRun } from "../../test/run-simulation.ts";
import { specOf, taskOf } from "../../test/spec-builder.ts";
import { graphOf } from "../dag-spec/dag-graph.ts";
import type { TaskSpec } from "../dag-spec/task-spec.ts";
import { isFinished } from "../states/task-instance-state.ts";
import { triggerRuleNames } from "./trigger-rule-name.ts";

/** Any Dag of up to 14 tasks: all rules, branches, short circuits, empty and mapped tasks, retries. */
const anyTask = fc.record({
  links: fc.array(fc.nat(100), { maxLength: 3 }),
  triggerRule: fc.constantFrom(...triggerRuleNames),
  plainRule: fc.boolean(),
  kind: fc.constantFrom("task", "task", "task", "branch", "short_circuit", "empty", "mapped"),
  retries: fc.nat(2),
  onLost: fc.constantFrom("retry", "retry", "fail"),
  targets: fc.array(fc.nat(100), { maxLength: 3 }),
});
type AnyTask = typeof anyTask extends fc.Arbitrary<infer T> ? T : never;

const upstreamOf = ({ links }: AnyTask, i: number): readonly string[] =>
  i === 0 ? [] : [...new Set(links.map((link) => `t${link % i}`))];

function toSpec(rows: readonly AnyTask[]): readonly TaskSpec[] {
  const upstreams = rows.map(upstreamOf);
  return rows.map((row, i) => {
    const upstream = upstreams[i] ?? [];
    const after = upstreams.flatMap((ids, j) => (ids.includes(`t${i}`) ? [`t${j}`] : []));
    const mapped = row.kind === "mapped";
    const [source] = upstream;
    return taskOf(`t${i}`, upstream, {
      kind: row.kind === "mapped" ? "task" : row.kind,
      triggerRule: row.plainRule ? "all_success" : row.triggerRule,
      retries: row.retries,
      onLost: row.onLost,
      mapped,
      args: mapped ? [source ? { kind: "xcom", task: source } : { kind: "value", value: [1, 2] }] : [],
      branches:
        row.kind === "branch"
          ? { all: after, some: after.filter((_, k) => row.targets.includes(k)), nothing: [] }
          : null,
    });
  });
}

const anyGraph = fc.array(anyTask, { minLength: 1, maxLength: 14 }).map((rows) => graphOf(specOf(toSpec(rows))));

const endsWell = ({ instances, outcome, steps }: Simulated): void => {
  expect(instances.filter(({ state }) => !isFinished(state))).toEqual([]);
  expect(outcome).not.toBe("running");
  expect(steps).toBeGreaterThan(0);
};

/** The simulation itself checks after every transaction that each move is legal and that the tallies are those recounted. */
describe("any run of any Dag comes to its end", () => {
  const runs: readonly (readonly [string, Faults])[] = [
    ["when everything succeeds", { fail: 0, skip: 0, lose: 0, reschedule: 0, interrupt: 0 }],
    [
      "whatever fails, is skipped, lost or rescheduled",
      { fail: 0.3, skip: 0.1, lose: 0.1, reschedule: 0.1, interrupt: 0 },
    ],
    ["while people clear and mark", { fail: 0.3, skip: 0.1, lose: 0.1, reschedule: 0.1, interrupt: 0.15 }],
  ];
  it.each(runs)("%s", (_, faults) => {
    fc.assert(
      fc.property(anyGraph, fc.integer(), (graph, seed) => {
        endsWell(simulateRun(graph, { seed, faults }));
      }),
      tries(400),
    );
  });

  const anyRule = fc.constantFrom(...triggerRuleNames);
  const overLists = fc.tuple(anyRule, anyRule, anyRule, fc.nat(2)).map(([each, again, sum, retries]) =>
    graphOf(
      specOf([
        taskOf("list", [], { retries }),
        taskOf("each", ["list"], {
          retries,
          triggerRule: each,
          mapped: true,
          args: [{ kind: "xcom", task: "list" }],
        }),
        taskOf("again", ["each"], {
          retries,
          triggerRule: again,
          mapped: true,
          args: [{ kind: "xcom", task: "each" }],
        }),
        taskOf("sum", ["each", "again"], { triggerRule: sum }),
      ]),
    ),
  );
  it("while lists grow and shrink under mapped tasks that are cleared", () => {
    const faults = { fail: 0.2, skip: 0.1, lose: 0.05, reschedule: 0.05, interrupt: 0.4 };
    fc.assert(
      fc.property(overLists, fc.integer(), (graph, seed) => {
        endsWell(simulateRun(graph, { seed, faults }));
      }),
      tries(600),
    );
  });
});
