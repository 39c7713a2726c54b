import { all, breaks, type DagFileCase, imports, loads, one } from "../case.ts";

/** Whatever can be thrown while a file loads. Row 36. */
export const throws: readonly DagFileCase[] = all({ row: 36 }, [
  breaks("a throw at the top", `${imports}\nconst limit: number = 3;\nthrow new TypeError("no " + limit);`, [
    "throw",
    /^TypeError: no 3$/,
    ":4:7",
  ]),
  breaks("a throw in a body", `${imports}export default dag("x", {}, () => {\n  null!.x;\n});`, [
    "throw",
    /Cannot read properties of null/,
    ":3:9",
  ]),
  breaks("a name that is not there", "nowhere();", ["throw", /nowhere is not defined/, ":1:1"]),
  breaks("a call of what is no function", "const a: any = 1;\na();", ["throw", /not a function/, ":2:1"]),
  breaks("a use before it is there", "a();\nconst a = () => 1;", ["throw", /not a function/, ":1:1"]),
  breaks("a thrown text", `throw "just text";`, ["throw", /just text/, ""]),
  breaks("a thrown number", "throw 42;", ["throw", /42/, ""]),
  breaks("a thrown null", "throw null;", ["throw", /null/, ""]),
  breaks("a thrown undefined", "throw undefined;", ["throw", /undefined/, ""]),
  breaks("a thrown symbol", "throw Symbol('sign');", ["throw", /sign/, ""]),
  breaks("a thrown function", "throw () => 7;", ["throw", /=> 7/, ""]),
  breaks("a thrown object", "throw { status: 500 };", ["throw", /object/i, ""]),
  breaks("a thrown object without prototype", "throw Object.create(null);", ["throw", /cannot be shown/, ""]),
  breaks("a thrown proxy", "throw new Proxy({}, { get() { throw new Error('again'); } });", [
    "throw",
    /again|object|shown/,
    ":1:37",
  ]),
  breaks("a thrown revoked proxy", "const p = Proxy.revocable({}, {}); p.revoke(); throw p.proxy;", ["throw", /./, ""]),
  breaks("a thrown promise", "throw Promise.reject(new Error('inner'));", ["throw", /./, /^bad\.ts/]),
  breaks(
    "an error whose stack is no text",
    "const e = new Error('odd'); Object.defineProperty(e, 'stack', { value: 7 }); throw e;",
    ["throw", /odd/, ""],
  ),
  breaks(
    "an error whose message throws",
    "const e = new Error('x'); Object.defineProperty(e, 'message', { get() { throw 1; } }); throw e;",
    ["throw", /./, /^bad\.ts/],
  ),
  breaks(
    "an error whose name is an object",
    "const e = new Error('named'); Object.defineProperty(e, 'name', { value: {} }); throw e;",
    ["throw", /named/, /^bad\.ts/],
  ),
  breaks("a frozen error", "throw Object.freeze(new Error('cold'));", ["throw", /cold/, ":1:21"]),
  breaks("an error that is its own cause", "const e: any = new Error('round'); e.cause = e; throw e;", [
    "throw",
    /round/,
    ":1:16",
  ]),
  breaks("an error with a message of ten megabytes", "throw new Error('m'.repeat(1e7));", [
    "throw",
    /^Error: m{100}/,
    ":1:7",
  ]),
  breaks(
    "an error with newlines and escapes",
    "throw new Error('line\\n    at fake (/etc/passwd:1:1)\\n\\u001b[31mred');",
    ["throw", /line/, ":1:7"],
  ),
  breaks("an error of many", "throw new AggregateError([new Error('a'), new Error('b')], 'both');", [
    "throw",
    /both/,
    ":1:7",
  ]),
  breaks("prepareStackTrace taken over", "Error.prepareStackTrace = () => { throw 1; }; throw new Error('hidden');", [
    "throw",
    /hidden/,
    /^bad\.ts/,
  ]),
  breaks("no stack at all", "Error.stackTraceLimit = 0; throw new Error('short');", ["throw", /short/, ""]),
  breaks(
    "an error class that calls itself Refusal",
    "class Refusal extends Error { kind = 'nothing'; hint = 'none'; } throw new Refusal('forged');",
    ["throw", /forged/, ":1:72"],
  ),
  breaks("a rejected top-level await", "await Promise.reject(new Error('late'));", ["throw", /late/, ":1:22"]),
  breaks("a rejection that nobody waits for", `${imports}Promise.reject(new Error("lost"));\n${one}`, [
    "throw",
    /lost/,
    ":2:16",
  ]),
  breaks("a throw in a next tick", `${imports}process.nextTick(() => { throw new Error("ticked"); });\n${one}`, [
    "throw",
    /ticked/,
    ":2:32",
  ]),
  breaks("a throw in a microtask", `${imports}queueMicrotask(() => { throw new Error("micro"); });\n${one}`, [
    "throw",
    /micro/,
    ":2:30",
  ]),
  breaks(
    "an emitter's error that nobody handles",
    `import { EventEmitter } from "node:events";\nnew EventEmitter().emit("error", new Error("emitted"));`,
    ["throw", /emitted/, ":2:34"],
  ),
  breaks("deep recursion", "const f = (): number => 1 + f(); f();", [
    "throw",
    /RangeError: Maximum call stack/,
    /^bad\.ts:1:/,
  ]),
  breaks(
    "deep recursion in a body",
    `${imports}const f = (): number => 1 + f();\nexport default dag("x", {}, () => { f(); });`,
    ["throw", /Maximum call stack/, /^bad\.ts:2:/],
  ),
  breaks(
    "an iterator that throws",
    "for (const x of { [Symbol.iterator]() { throw new Error('iter'); } } as never) void x;",
    ["throw", /iter/, /^bad\.ts:1:/],
  ),
  breaks(
    "an error of another realm",
    `import { runInNewContext } from "node:vm";\nrunInNewContext("throw new Error('elsewhere')");`,
    ["throw", /elsewhere/, /^bad\.ts/],
  ),
  breaks(
    "an export whose getter throws",
    `const o: any = {}; Object.defineProperty(o, 0, { get() { throw new Error("got"); }, enumerable: true }); o.length = 1; Object.setPrototypeOf(o, Array.prototype); export default [o, new Proxy([], { get() { throw new Error("trapped"); } })];`,
    ["throw", /trapped/, /^bad\.ts/],
  ),
  breaks(
    "an export whose traps throw",
    `${imports}export const a = new Proxy({}, { get() { throw new Error("trapped"); } });\n${one}`,
    ["throw", /trapped/, ":2:48"],
  ),
  loads(
    "exports of every kind",
    `${imports}export const b = null; export const c = Symbol("c"); export class D {}\n${one}`,
  ),
  loads(
    "an export that contains itself",
    `${imports}const l: unknown[] = []; l.push(l); export const loop = l;\n${one}`,
  ),
  loads("an async error that is handled", `${imports}Promise.reject(new Error("handled")).catch(() => {});\n${one}`),
  loads(
    "a hundred thousand exports in a list",
    `${imports}export const many = Array.from({ length: 1e5 }, (_, i) => i);\n${one}`,
  ),
]);
