import { expect, test } from "vitest";
import { segment } from "./entities.ts";

test.each([
  ["a/b c", "a%2Fb%20c"],
  ["\u{1f600}", "%F0%9F%98%80"],
  ["half \ud83d of one", "half%20%EF%BF%BD%20of%20one"],
])("the id %j is a part of a path as %s", (id, expected) => {
  expect(segment(id)).toBe(expected);
});
