import { expect, test } from "vitest";
import { findDifference } from "./spec-difference.ts";

test.each([
  [{ a: 1 }, { a: 1 }, null],
  [{ tasks: [{ id: "a" }] }, { tasks: [{ id: "b" }] }, "tasks[0].id"],
  [
    { tasks: [{ digest: "1", args: [{ value: 1 }] }] },
    { tasks: [{ digest: "2", args: [{ value: 2 }] }] },
    "tasks[0].args[0].value",
  ],
  [{ tasks: [{ digest: "1" }] }, { tasks: [{ digest: "2" }] }, "tasks[0].digest"],
  [{ tags: ["a"] }, { tags: ["a", "b"] }, "tags[1]"],
  [{ data: null }, { data: {} }, "data"],
  [{ data: [] }, { data: {} }, "data"],
])("the difference of %j and %j is at %s", (first, second, path) => {
  expect(findDifference(first, second)).toBe(path);
});
