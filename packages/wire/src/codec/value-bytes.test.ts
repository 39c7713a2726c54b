import { AirloomError } from "@airloom/core";
import { tries } from "@airloom/testkit/properties";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromTagged, toTagged } from "./tagged.ts";
import { decodeValue, encodeValue } from "./value-bytes.ts";

const roundTrip = (value: unknown): unknown => decodeValue(encodeValue(value));

const refusalOf = (value: unknown): string => {
  try {
    encodeValue(value);
  } catch (error) {
    if (error instanceof AirloomError && error.code === "VALUE_UNSERIALIZABLE") return error.message;
    throw error;
  }
  return "not refused";
};

const nested = (levels: number, wrap: (inner: unknown) => unknown): unknown => {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = wrap(value);
  return value;
};

describe("values that cross a task boundary", () => {
  const ownProto = JSON.parse('{"__proto__": {"x": 1}, "y": 2}') as object;
  const bare = Object.assign(Object.create(null) as object, { a: 1, $: "x" });
  const cases: readonly (readonly [string, unknown])[] = [
    ["null", null],
    ["undefined", undefined],
    ["undefined inside", { a: undefined, b: [undefined, 1] }],
    ["special numbers", [Number.NaN, Infinity, -Infinity, -0, 0, 5e-324, Number.MAX_VALUE]],
    ["a lone surrogate and NUL", ["\ud800", "a\udc00b", "\0", "😀", "\u2028", "\ufeff"]],
    ["lone surrogates in keys", { "\ud800": 1, "\0": 2 }],
    ["dates", [new Date(0), new Date(8.64e15), new Date(-8.64e15)]],
    ["bigints", [0n, -1n, 2n ** 200n]],
    [
      "maps and sets",
      new Map<unknown, unknown>([
        [{ a: 1 }, new Set([1, "1", undefined])],
        [Number.NaN, new Map()],
      ]),
    ],
    ["objects that look like tags", { $: ["date", "x"], a: { $: 1 } }],
    ["an own __proto__ key", ownProto],
    ["no prototype", bare],
    ["integer-like keys", { 2: "b", 1: "a", x: 0 }],
    [
      "binary",
      [
        new Uint8Array([1, 2]).buffer,
        new Float64Array([Number.NaN, -0]),
        new BigInt64Array([-1n]),
        new DataView(new ArrayBuffer(3)),
      ],
    ],
    ["a view into a larger buffer", new Uint16Array(new Uint8Array([9, 9, 1, 2, 3, 4]).buffer, 2, 2)],
    ["empty ones", [[], {}, "", new Map(), new Set(), new Uint8Array()]],
  ];
  test.each(cases)("%s come back exactly", (_name, value) => {
    expect(roundTrip(value)).toStrictEqual(value);
    expect(fromTagged(JSON.parse(JSON.stringify(toTagged(value))))).toStrictEqual(value);
  });

  test("an own __proto__ key stays a key and sets no prototype", () => {
    const back = roundTrip({ $: 1, inner: ownProto }) as { inner: object };
    expect(Object.getPrototypeOf(back.inner)).toBe(Object.prototype);
    expect(Object.keys(back.inner)).toEqual(["__proto__", "y"]);
  });

  test("minus zero and the lack of a prototype survive", () => {
    expect(Object.is(roundTrip(-0), -0)).toBe(true);
    expect(Object.getPrototypeOf(roundTrip(bare))).toBe(null);
  });

  test("a Node Buffer comes back as a Uint8Array of its own memory", () => {
    const bytes = encodeValue(Buffer.from([1, 2, 3]));
    const back = decodeValue(bytes) as Uint8Array;
    bytes.fill(0);
    expect(back).toStrictEqual(new Uint8Array([1, 2, 3]));
  });

  test("nesting a thousand deep is fine, and too deep is refused in words", () => {
    expect(roundTrip(nested(1_900, (inner) => ({ inner })))).toStrictEqual(nested(1_900, (inner) => ({ inner })));
    const maps = nested(1_000, (inner) => new Map([["k", inner]]));
    expect(encodeValue(roundTrip(maps))).toStrictEqual(encodeValue(maps));
    expect(refusalOf(nested(100_000, (inner) => [inner]))).toContain("nested deeper than 2000 levels");
    expect(refusalOf(nested(100_000, (inner) => ({ inner, u: undefined })))).toContain("nested deeper");
  });
});

describe("values that cannot", () => {
  class Connection {
    readonly host = "x";
  }
  const cyclic: Record<string, unknown> = { a: {} };
  cyclic.a = { back: cyclic };
  const cases: readonly (readonly [string, unknown, string])[] = [
    ["a function", { rows: [1, 2, 3, { fn: () => 1 }] }, "$.rows[3].fn: a function cannot leave a task"],
    ["a symbol", [Symbol("x")], "$[0]: a symbol cannot leave a task"],
    ["a symbol key", { a: { [Symbol("k")]: 1 } }, '$.a["Symbol(k)"]: a property named by a symbol'],
    ["a promise", { p: Promise.resolve(1) }, "$.p: a promise cannot leave a task; await it"],
    ["a class instance", { c: new Connection() }, "$.c: an instance of Connection cannot leave a task"],
    ["a regular expression", /x/, "$: an instance of RegExp"],
    ["a WeakMap", new WeakMap(), "$: an instance of WeakMap"],
    ["an error", new Error("x"), "$: an instance of Error"],
    ["a boxed number", Object(1), "$: an instance of Number"],
    ["a Date of a subclass", new (class extends Date {})(), "$: an instance of"],
    ["an array of a subclass", new (class Rows extends Array {})(), "$: an instance of Rows"],
    ["an invalid date", { d: new Date(Number.NaN) }, "$.d: an invalid Date"],
    ["a hole", Object.assign(new Array(3), { 0: 1, 2: 3 }), "$[1]: a list with holes"],
    ["named properties of a list", "abc".match(/b/), "$: a list with named properties"],
    ["a cycle", cyclic, "$.a.back: a value that contains itself"],
    [
      "a cycle through a map",
      (() => {
        const m = new Map();
        m.set("m", m);
        return m;
      })(),
      "$.m: a value that contains itself",
    ],
    [
      "a throwing getter",
      {
        get a() {
          throw new Error("no");
        },
      },
      "$.a: reading this property threw: Error: no",
    ],
    [
      "a toJSON function",
      {
        toJSON: () => {
          throw new Error("no");
        },
      },
      "$.toJSON: a function",
    ],
    ["an odd key", { "a b": { "": () => 1 } }, '$["a b"][""]: a function'],
  ];
  test.each(cases)("%s is refused with its path", (_name, value, message) => {
    expect(refusalOf(value)).toContain(message);
    expect(() => toTagged(value)).toThrow(message);
  });

  test("one object in two places is no cycle", () => {
    const shared = { a: 1 };
    expect(roundTrip([shared, { shared }])).toStrictEqual([{ a: 1 }, { shared: { a: 1 } }]);
  });

  test("more bytes than allowed are refused with both numbers", () => {
    expect(() => encodeValue("x".repeat(100), { maxBytes: 50 })).toThrow(
      "A value has 104 bytes; at most 50 are allowed.",
    );
  });
});

describe("whatever fast-check makes", () => {
  const anything = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withNullPrototype: true,
    withTypedArray: true,
    withObjectString: true,
    withSparseArray: true,
    withUnicodeString: true,
    withBoxedValues: true,
    maxDepth: 4,
  } as fc.ObjectConstraints);

  test("comes back exactly or is refused by name", () => {
    fc.assert(
      fc.property(anything, (value) => {
        if (refusalOf(value) === "not refused") expect(roundTrip(value)).toStrictEqual(value);
        else expect(() => toTagged(value)).toThrow("$");
      }),
      tries(2_000),
    );
  });

  test("tagged JSON holds nothing that jsonb refuses", () => {
    const text = fc.string({ unit: "binary" });
    fc.assert(
      fc.property(fc.dictionary(text, fc.oneof(text, fc.constant("\ud800"), fc.constant("\0"))), (value) => {
        const json = JSON.stringify(toTagged(value));
        expect(json).not.toMatch(/(?<!\\)(\\\\)*\\u(0000|d[89a-f])/i);
        expect(fromTagged(JSON.parse(json))).toStrictEqual(value);
      }),
      tries(500),
    );
  });

  test("bytes that are no value give VALUE_CORRUPT, never another error", () => {
    const start = fc.constantFrom([1, 0], [1, 1], [1, 1, 4, 0, 0, 0], [0], []);
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 40 }), (head, rest) => {
        try {
          decodeValue(new Uint8Array([...head, ...rest]));
        } catch (error) {
          expect(error).toMatchObject({ code: "VALUE_CORRUPT" });
        }
      }),
      tries(500),
    );
  });
});
