import { expect, test } from "vitest";
import { noteBuiltins } from "./used-builtins.ts";

test("a built-in function that was replaced is named, one that was added is not", () => {
  const changed = noteBuiltins();
  expect(changed()).toBeNull();
  const { map } = Array.prototype;
  const added = Array.prototype as unknown as { extra?: () => number };
  added.extra = () => 1;
  Array.prototype.map = (() => []) as never;
  const found = changed();
  Array.prototype.map = map;
  const after = changed();
  delete added.extra;
  expect([found, after]).toEqual(["Array.prototype.map", null]);
});
