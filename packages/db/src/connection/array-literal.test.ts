import { expect, test } from "vitest";
import { arrayOf, columnsOf } from "./array-literal.ts";

test.each([
  [["a", "b-1", "x.y"], "{a,b-1,x.y}"],
  [["null", "NULL", null, undefined], '{"null","NULL",NULL,NULL}'],
  [['say "hi"', "back\\slash", "a,b", "{x}", ""], '{"say \\"hi\\"","back\\\\slash","a,b","{x}",""}'],
  [[1, -2, 3.5], "{1,-2,3.5}"],
  [[true, false], "{true,false}"],
  [[new Date(0)], '{"1970-01-01T00:00:00.000Z"}'],
  [[], "{}"],
])("%j is written as %s", (values, literal) => {
  expect(arrayOf(values)).toBe(literal);
});

test("items become one array per getter", () => {
  const items = [
    { id: "a", n: 1 },
    { id: "b", n: null },
  ];
  expect(columnsOf(items, [(item) => item.id, (item) => item.n])).toEqual(["{a,b}", "{1,NULL}"]);
});
