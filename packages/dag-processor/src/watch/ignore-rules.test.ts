import { expect, test } from "vitest";
import { readIgnoreRules } from "./ignore-rules.ts";

test.each([
  ["old", "old/a.ts", true],
  ["old", "deep/old/a.ts", true],
  ["old", "older/a.ts", false],
  ["old/", "old", true],
  ["/old", "deep/old", false],
  ["*.gen.ts", "x/a.gen.ts", true],
  ["*.gen.ts", "x/a-gen.ts", false],
  ["lib/*.ts", "lib/a.ts", true],
  ["lib/*.ts", "lib/deep/a.ts", false],
  ["lib/**/a.ts", "lib/a.ts", true],
  ["lib/**/a.ts", "lib/x/y/a.ts", true],
  ["a?.ts", "ab.ts", true],
  ["# a", "a", false],
  ["", "a", false],
])("the pattern %j on %j: ignored is %s", (pattern, path, ignored) => {
  expect(readIgnoreRules(`\n${pattern}\n`)(path)).toBe(ignored);
});
