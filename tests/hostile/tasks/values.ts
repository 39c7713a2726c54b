import { fails, inRow, succeeds, type TaskCase } from "./task-case.ts";

const refused = (name: string, code: string, message: RegExp): TaskCase =>
  fails(name, code, { kind: "unserializable", name: "AirloomError", message });

/** Results that no codec keeps, and such as it must keep exactly. Rows 52 and 53. */
export const values: readonly TaskCase[] = [
  ...inRow(53, [
    refused(
      "a value that contains itself",
      "() => { const a: any = { in: {} }; a.in.back = a; return a; }",
      /\$\.in\.back: a value that contains itself/,
    ),
    refused(
      "a list that contains itself",
      "() => { const a: any[] = []; a.push(a); return a; }",
      /\$\[0\]: a value that contains itself/,
    ),
    refused("a function", "() => ({ f: () => 1 })", /\$\.f: a function cannot leave/),
    refused("a symbol", "() => [Symbol('s')]", /\$\[0\]: a symbol cannot leave/),
    refused("a property named by a symbol", "() => ({ [Symbol('s')]: 1 })", /symbol/),
    refused("a getter that throws", "() => ({ get a() { throw new Error('got'); } })", /\$\.a: .*got/),
    refused("a class instance", "() => new (class Order { id = 1; })()", /instance of Order/),
    refused(
      "a class instance with toJSON",
      "() => new (class Order { toJSON() { return 1; } })()",
      /instance of Order/,
    ),
    refused("an Error", "() => new Error('returned')", /instance of Error/),
    refused("a promise in a list", "() => [Promise.resolve(1)]", /\$\[0\]: a promise cannot leave/),
    refused("a WeakMap", "() => new WeakMap()", /WeakMap/),
    refused("a regular expression", "() => /x/", /RegExp/),
    refused("a URL", "() => new URL('http://x')", /URL/),
    refused("an invalid Date", "() => new Date(NaN)", /invalid Date/),
    refused("a list with holes", "() => [1, , 3]", /\$\[1\]: a list with holes/),
    refused("a list with names", "() => Object.assign([1], { extra: 2 })", /named properties/),
    refused("a Map of a subclass", "() => new (class M extends Map {})()", /instance of M/),
    refused("a generator", "() => (function* () { yield 1; })()", /./),
    refused("a buffer of shared memory", "() => new SharedArrayBuffer(8)", /SharedArrayBuffer/),
    refused(
      "a hundred thousand levels",
      "() => { let d: any = 1; for (let i = 0; i < 100_000; i++) d = [d]; return d; }",
      /nested (deeper than 2000|too deeply)/,
    ),
    fails("a revoked proxy", "() => { const p = Proxy.revocable({}, {}); p.revoke(); return p.proxy; }", {
      message: /revoked/,
    }),
    fails(
      "a proxy whose traps throw",
      "() => new Proxy({}, { ownKeys() { throw new Error('trapped'); }, getPrototypeOf() { throw new Error('trapped'); } })",
      { message: /trapped/ },
    ),
    fails("a thenable that throws", "() => ({ then() { throw new Error('then'); } })", {
      kind: "error",
      message: /then/,
    }),
    succeeds("a toJSON that lies is data", "() => ({ a: 1n, b: { c: -0 } })", { value: { a: 1n, b: { c: -0 } } }),
    succeeds("numbers that JSON loses", "() => [NaN, -0, Infinity, -Infinity]", {
      value: [NaN, -0, Infinity, -Infinity],
    }),
    succeeds("BigInt", "() => 2n ** 200n", { value: 2n ** 200n }),
    succeeds("__proto__ as a key", `() => JSON.parse('{"__proto__": {"polluted": 1}, "constructor": 2}')`, {
      value: JSON.parse('{"__proto__": {"polluted": 1}, "constructor": 2}'),
    }),
    succeeds("a $ key", "() => ({ $: ['bigint', '1'] })", { value: { $: ["bigint", "1"] } }),
    succeeds(
      "typed arrays of every kind",
      "() => [new Uint8Array([1]), new Float64Array([NaN]), new BigInt64Array([-1n]), new Uint16Array(new ArrayBuffer(8), 2, 1)]",
      {
        value: [new Uint8Array([1]), new Float64Array([Number.NaN]), new BigInt64Array([-1n]), new Uint16Array([0])],
      },
    ),
    succeeds("strings that databases refuse", "() => 'a\\0b\\ud800c'", { value: "a\0b\ud800c" }),
    succeeds("undefined in a list", "() => [undefined, null]", { value: [undefined, null] }),
    succeeds(
      "two thousand levels, nearly",
      "() => { let d: any = 1; for (let i = 0; i < 1_900; i++) d = [d]; return d; }",
    ),
  ]),
  ...inRow(52, [
    succeeds("a value as large as the limit", "() => 'x'.repeat(9_999_000)"),
    fails("a value just above the limit", "() => 'x'.repeat(10_100_000)", {
      kind: "unserializable",
      message: /bytes; at most 10000000/,
      log: /at most 10000000/,
    }),
    fails("a value of a hundred times the limit", "() => Buffer.alloc(100 * 1024 * 1024)", {
      kind: "unserializable",
      message: /bytes; at most/,
      log: /at most/,
    }),
  ]),
];
