import { expect, it } from "vitest";
import { specOf, taskOf } from "../../test/spec-builder.ts";
import { graphOf } from "./dag-graph.ts";
import { mapSourceTasks, sourceLengthsOf } from "./map-sources.ts";

const each = taskOf("each", ["files", "days"], {
  mapped: true,
  args: [
    { kind: "xcom", task: "files" },
    { kind: "value", value: ["eu", "us"] },
    { kind: "xcom", task: "days" },
    { kind: "array", items: [{ kind: "run", field: "logicalDate" }] },
    { kind: "param", path: ["regions"] },
    { kind: "xcom", task: "files" },
  ],
});

it("A mapped task names the tasks whose lists it reads, each once", () => {
  expect(mapSourceTasks(each)).toEqual(["files", "days"]);
  expect(mapSourceTasks({ ...each, mapped: false })).toEqual([]);
});

it("Lengths come in the order of the arguments; what is not known yet is pending", () => {
  const lengths = new Map([["files", 3] as const]);
  expect(sourceLengthsOf(each, lengths)).toEqual([3, 2, "pending", 1, "pending", 3]);
  expect(sourceLengthsOf(each, new Map([["days", "missing"]]))).toEqual([
    "pending",
    2,
    "missing",
    1,
    "pending",
    "pending",
  ]);
});

it("A Dag may map over lists of tasks, of params and of its own", () => {
  expect(graphOf(specOf([taskOf("files"), taskOf("days"), each])).mappedBy.get("files")).toEqual(["each"]);
});
