import { describe, expect, it } from "vitest";
import { type GraphTask, graphDot, graphMermaid, graphText } from "./dag-graph.ts";

const task = (id: string, downstream: readonly string[], given: Partial<GraphTask> = {}): GraphTask => ({
  id,
  downstream,
  triggerRule: "all_success",
  mapped: false,
  operator: "task",
  state: null,
  ...given,
});

const tasks = [
  task("extract", ["clean", "check"]),
  task("clean", ["load"], { mapped: true }),
  task("check", ["load"]),
  task("load", [], { triggerRule: "all_done" }),
];
const plain = (text: string): string => text;

describe("A Dag's graph", () => {
  it("is drawn by levels, with what each task waits for", () => {
    expect(graphText(tasks, plain)).toBe(
      [
        " 1  extract",
        " 2  check   ← extract",
        "    clean[] ← extract",
        " 3  load    (all_done) ← check, clean[]",
        "",
      ].join("\n"),
    );
  });

  it("shows the states of a run", () => {
    const [first, second] = [task("a", ["b"], { state: "success" }), task("b", [], { state: "failed" })];
    expect(graphText([first, second], (text, state) => `<${state}>${text}`)).toBe(
      " 1  a  <success>success\n 2  b  <failed>failed          ← a\n",
    );
  });

  it("ends even when an answer holds a cycle", () => {
    expect(graphText([task("a", ["b"]), task("b", ["a"])], plain)).toBe(" 1  a ← b\n    b ← a\n");
  });

  it("is written for Mermaid and Graphviz", () => {
    expect(graphMermaid(tasks.slice(1))).toBe(
      [
        "flowchart LR",
        '  t0[["clean"]]',
        '  t1["check"]',
        '  t2["load (all_done)"]',
        "  t0 --> t2",
        "  t1 --> t2",
        "",
      ].join("\n"),
    );
    expect(graphDot('odd "name"', [task("a", ["b"], { mapped: true }), task("b", [])])).toBe(
      [
        'digraph "odd \\"name\\"" {',
        "  rankdir=LR; node [shape=box];",
        '  "a" [label="a" peripheries=2];',
        '  "b" [label="b"];',
        '  "a" -> "b";',
        "}",
        "",
      ].join("\n"),
    );
  });
});
