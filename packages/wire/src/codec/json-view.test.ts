import { expect, test } from "vitest";
import { toJsonView } from "./json-view.ts";

test("the JSON view reads well and never throws", () => {
  expect(
    toJsonView({
      at: new Date(0),
      never: new Date(Number.NaN),
      big: 2n ** 64n,
      nan: Number.NaN,
      gone: undefined,
      list: [undefined, 1],
      named: new Map([["a", new Set([1n])]]),
      pairs: new Map([[1, "x"]]),
      bytes: new Uint8Array([1, 2]),
      bigs: new BigInt64Array([-1n]),
      buffer: new Uint8Array([3]).buffer,
      fn: Symbol("s"),
    }),
  ).toStrictEqual({
    at: "1970-01-01T00:00:00.000Z",
    never: null,
    big: "18446744073709551616",
    nan: "NaN",
    list: [null, 1],
    named: { a: ["1"] },
    pairs: [[1, "x"]],
    bytes: [1, 2],
    bigs: ["-1"],
    buffer: [3],
    fn: "Symbol(s)",
  });
  expect(toJsonView(undefined)).toBe(null);
});
