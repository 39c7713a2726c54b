import { describe, expect, it } from "vitest";
import { specOf, taskOf } from "../../test/spec-builder.ts";
import { graphOf } from "./dag-graph.ts";
import { branchExclusions, exclusionsOf, shortCircuitExclusions } from "./exclusions.ts";

const graph = graphOf(
  specOf([
    taskOf("size", [], {
      kind: "branch",
      branches: { big: ["big"], small: ["small"], none: [], both: ["big", "small"] },
    }),
    taskOf("big", ["size"]),
    taskOf("small", ["size"]),
    taskOf("join", ["size", "big", "small"]),
    taskOf("gate", ["join"], { kind: "short_circuit" }),
    taskOf("after", ["gate"]),
    taskOf("last", ["after"]),
  ]),
);

describe("a branch", () => {
  it("skips the direct tasks it did not choose, unless a chosen one leads to them", () => {
    expect(branchExclusions(graph, "size", ["big"])).toEqual(["small"]);
    expect(branchExclusions(graph, "size", ["big", "small"])).toEqual([]);
    expect(branchExclusions(graph, "size", ["join"])).toEqual(["big", "small"]);
  });

  it("that chose nothing skips all direct tasks, and only them", () => {
    expect(exclusionsOf(graph, "size", "none")).toEqual(["big", "join", "small"]);
  });

  it("goes by its keys", () => {
    expect(exclusionsOf(graph, "size", "small")).toEqual(["big"]);
    expect(exclusionsOf(graph, "size", "both")).toEqual([]);
  });

  it.each(["huge", "toString", undefined, true])("that chose %s, which is no key, is refused by name", (decision) => {
    expect(() => exclusionsOf(graph, "size", decision)).toThrow(/its keys are: big, small, none, both/);
  });
});

describe("a short circuit", () => {
  it("skips everything after it when it says no, and nothing otherwise", () => {
    expect(shortCircuitExclusions(graph, "gate")).toEqual(["after", "last"]);
    expect(exclusionsOf(graph, "gate", false)).toEqual(["after", "last"]);
    expect(exclusionsOf(graph, "gate", true)).toEqual([]);
  });
});

it("An ordinary task excludes nothing, whatever it returned", () => {
  expect(exclusionsOf(graph, "big", false)).toEqual([]);
  expect(exclusionsOf(graph, "gone", "big")).toEqual([]);
});
