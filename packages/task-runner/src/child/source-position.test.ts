import { describe, expect, it } from "vitest";
import { sourcePositions } from "./source-position.ts";

describe("positions in stacks", () => {
  const positions = sourcePositions("/artifacts/one", "/airloom/task-child.mjs");

  it("leaves the child's own frames out, also those after an await", () => {
    const stack = [
      "Error: no",
      "    at async file:///airloom/task-child.mjs:35678:21",
      "    at async run (file:///airloom/task-child.mjs:1:2)",
      "    at file:///airloom/task-child.mjs:3:4",
      "    at async file:///artifacts/one/dag.mjs:5:6",
    ].join("\n");
    expect(positions(stack)).toEqual({ stack: "Error: no\n    at async dag.mjs:5:6", location: "dag.mjs:5:6" });
  });
});
