import { tries } from "@airloom/testkit/properties";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bestOf } from "../../test/best-of.ts";
import { graphFrom, specOf, taskOf } from "../../test/spec-builder.ts";
import { AirloomError } from "../errors.ts";
import { graphOf } from "./dag-graph.ts";
import type { DagSpec } from "./dag-spec.ts";
import type { TaskSpec } from "./task-spec.ts";

const refusal = (spec: DagSpec): AirloomError => {
  try {
    graphOf(spec);
  } catch (error) {
    if (error instanceof AirloomError) return error;
    throw error;
  }
  throw new Error("the Spec was accepted");
};

describe("graphOf", () => {
  it("derives neighbours, order, roots and leaves", () => {
    const graph = graphFrom({ d: ["b", "c"], b: ["a"], c: ["a"], a: [] });
    expect(graph.downstream.get("a")).toEqual(["b", "c"]);
    expect(graph.order).toEqual(["a", "b", "c", "d"]);
    expect(graph.position.get("d")).toBe(3);
    expect(graph.roots).toEqual(["a"]);
    expect(graph.leaves).toEqual(["d"]);
  });

  it("does not depend on the order in which tasks were written", () => {
    const tasks = [taskOf("x", ["b", "a"]), taskOf("a"), taskOf("b"), taskOf("y", ["x"])];
    const one = graphOf(specOf(tasks));
    const other = graphOf(specOf(tasks.toReversed()));
    expect(other.order).toEqual(one.order);
    expect([...other.downstream]).toEqual([...one.downstream]);
  });

  it("knows the deciding tasks, and who maps over whom", () => {
    const graph = graphOf(
      specOf([
        taskOf("size", [], { kind: "branch", branches: { big: ["one"] } }),
        taskOf("gate", [], { kind: "short_circuit" }),
        taskOf("one", ["size"]),
        taskOf("each", ["one"], {
          mapped: true,
          args: [
            { kind: "xcom", task: "one" },
            { kind: "value", value: [1, 2] },
          ],
        }),
      ]),
    );
    expect(graph.deciders).toEqual(new Set(["size", "gate"]));
    expect(graph.mappedBy).toEqual(new Map([["one", ["each"]]]));
  });

  it("accepts a Dag without tasks", () => {
    expect(graphOf(specOf([])).order).toEqual([]);
  });
});

describe("a Spec that cannot be", () => {
  const a = taskOf("a");
  const cases: readonly (readonly [string, DagSpec, string, string])[] = [
    ["an unknown upstream", specOf([taskOf("b", ["gone"])]), "SPEC_UNKNOWN_UPSTREAM", '"gone"'],
    ["an upstream named twice", specOf([a, taskOf("b", ["a", "a"])]), "SPEC_DUPLICATE_UPSTREAM", '"a" twice'],
    ["two tasks of one id", specOf([a, taskOf("a")]), "SPEC_DUPLICATE_TASK", '"a"'],
    ["an empty task id", specOf([taskOf("")]), "SPEC_ID", "id of a task"],
    ["a task id with a space", specOf([taskOf("a b")]), "SPEC_ID", '"a b"'],
    ["a task id of 251 characters", specOf([taskOf("x".repeat(251))]), "SPEC_ID", "id of a task"],
    ["a Dag id with a slash", specOf([a], { dagId: "a/b" }), "SPEC_ID", "id of a Dag"],
    [
      "a group id with a slash",
      specOf([a], { groups: [{ id: "g/h", displayName: "g", tooltip: null, parent: null }] }),
      "SPEC_ID",
      "id of a group",
    ],
    [
      "fail-fast with another rule",
      specOf([a, taskOf("b", ["a"], { triggerRule: "all_done" })], { failFast: true }),
      "SPEC_FAIL_FAST",
      "all_done",
    ],
    [
      "a value read from a task that is not upstream",
      specOf([a, taskOf("b", [], { args: [{ kind: "object", entries: { rows: { kind: "xcom", task: "a" } } }] })]),
      "SPEC_ARGUMENT",
      '"a"',
    ],
    [
      "mapping over a number",
      specOf([
        taskOf("m", [], {
          mapped: true,
          args: [
            { kind: "value", value: [1] },
            { kind: "value", value: 3 },
          ],
        }),
      ]),
      "SPEC_MAPPED",
      "argument 2",
    ],
    ["mapping over nothing", specOf([taskOf("m", [], { mapped: true })]), "SPEC_MAPPED", "no argument"],
    ["a branch without keys", specOf([taskOf("s", [], { kind: "branch" })]), "SPEC_BRANCH", "names no branches"],
    [
      "a branch to what does not follow it",
      specOf([a, taskOf("s", [], { kind: "branch", branches: { big: ["a"] } })]),
      "SPEC_BRANCH",
      '"big" leads to "a"',
    ],
    ["too many tasks", specOf(Array.from({ length: 25_001 }, (_, i) => taskOf(`t${i}`))), "SPEC_LIMIT", "tasks 25001"],
    [
      "a path that is too long",
      specOf(Array.from({ length: 10_001 }, (_, i) => taskOf(`t${i}`, i === 0 ? [] : [`t${i - 1}`]))),
      "SPEC_LIMIT",
      "depth 10001",
    ],
  ];
  it.each(cases)("is refused for %s", (...[, spec, code, words]) => {
    const error = refusal(spec);
    expect(error.code).toBe(code);
    expect(error.message).toContain(words);
    expect(error.hint).not.toBe("");
  });

  it("has its cycle named in the direction of the arrows, and nothing that merely hangs on it", () => {
    const tasks = [taskOf("a"), taskOf("b", ["a", "d"]), taskOf("c", ["b"]), taskOf("d", ["c"]), taskOf("e", ["d"])];
    expect(refusal(specOf(tasks)).message).toContain("b -> c -> d -> b");
    expect(refusal(specOf([taskOf("self", ["self"])])).message).toContain("self -> self");
  });

  it("accepts ids of 1 and of 250 characters", () => {
    expect(graphOf(specOf([taskOf("x"), taskOf("y".repeat(250))])).order).toHaveLength(2);
  });
});

describe("priority weights", () => {
  it("sum every distinct task after (or before) a task once", () => {
    const diamond = { a: [], b: ["a"], c: ["a"], d: ["b", "c"] };
    const weight = { a: { priorityWeight: 1 }, b: { priorityWeight: 10 }, c: { priorityWeight: 100 } };
    expect(Object.fromEntries(graphFrom(diamond, weight).weights)).toEqual({ a: 112, b: 11, c: 101, d: 1 });
    const upstream = Object.fromEntries(
      Object.entries({ ...weight, d: {} }).map(([id, more]) => [id, { ...more, weightRule: "upstream" as const }]),
    );
    expect(Object.fromEntries(graphFrom(diamond, upstream).weights)).toEqual({ a: 1, b: 11, c: 101, d: 112 });
    const absolute = { a: { ...weight.a, weightRule: "absolute" as const } };
    expect(graphFrom(diamond, absolute).weights.get("a")).toBe(1);
  });

  it("equal those of a plain search, for any graph", () => {
    const graphs = fc.array(fc.tuple(fc.array(fc.nat(1_000), { maxLength: 4 }), fc.integer({ min: -3, max: 9 })), {
      maxLength: 90,
    });
    fc.assert(
      fc.property(graphs, fc.constantFrom("downstream", "upstream"), (rows, weightRule) => {
        const tasks = rows.map(([links, priorityWeight], i): TaskSpec => {
          const upstream = i === 0 ? [] : [...new Set(links.map((link) => `t${link % i}`))];
          return taskOf(`t${i}`, upstream, { priorityWeight, weightRule });
        });
        const graph = graphOf(specOf(tasks));
        const next = (id: string): readonly string[] =>
          (weightRule === "downstream" ? graph.downstream.get(id) : graph.tasks.get(id)?.upstream) ?? [];
        for (const { id } of tasks) {
          const seen = new Set([id]);
          for (const each of seen) for (const further of next(each)) seen.add(further);
          const sum = [...seen].reduce((total, each) => total + (graph.tasks.get(each)?.priorityWeight ?? 0), 0);
          expect(graph.weights.get(id)).toBe(sum);
        }
      }),
      tries(100),
    );
  });
});

describe("ten thousand tasks", () => {
  const shapes: Readonly<Record<string, readonly TaskSpec[]>> = {
    chain: Array.from({ length: 10_000 }, (_, i) => taskOf(`t${i}`, i === 0 ? [] : [`t${i - 1}`])),
    fan: Array.from({ length: 10_000 }, (_, i) => taskOf(`t${i}`, i === 0 ? [] : ["t0"])),
    layers: Array.from({ length: 10_000 }, (_, i) =>
      taskOf(`t${i}`, i < 100 ? [] : [0, 1, 2].map((k) => `t${(Math.floor(i / 100) - 1) * 100 + ((i + k) % 100)}`)),
    ),
  };
  it.each(Object.keys(shapes))("are derived without delay: %s", (shape) => {
    const spec = specOf(shapes[shape] ?? []);
    expect(graphOf(spec).order).toHaveLength(10_000);
    // Usually 5 to 40 ms; the bound leaves room for a busy machine and still catches anything quadratic.
    expect(bestOf(() => graphOf(spec))).toBeLessThan(300);
  });
});
