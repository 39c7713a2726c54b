import { expect, test } from "vitest";
import { maxNesting, tooDeepAt } from "./nesting.ts";

const deep = (open: string, close: string, levels: number): string => open.repeat(levels) + close.repeat(levels);

test.each([
  ["brackets", deep("[", "]", maxNesting), null],
  ["one more", deep("[", "]", maxNesting + 1), maxNesting],
  ["calls", deep("f(", ")", maxNesting + 1), 2 * maxNesting + 1],
  ["functions", deep("()=>{", "}", maxNesting + 1), 5 * maxNesting],
  ["brackets in a string", `"${"[".repeat(9_000)}"`, null],
  ["brackets in a template", `\`${"{".repeat(9_000)}\``, null],
  ["brackets in a comment", `/* ${"(".repeat(9_000)} */ // ${"(".repeat(9_000)}`, null],
  ["templates in templates", deep("`${", "}`", maxNesting + 1), 3 * maxNesting],
  ["many, none in another", "[]".repeat(9_000), null],
])("%s", (_what, code, place) => {
  expect(tooDeepAt(code)).toBe(place);
});
