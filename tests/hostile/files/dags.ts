import { all, breaks, type DagFileCase, imports, loads } from "../case.ts";

const spec = (name: string, code: string, told: readonly [message: RegExp, at?: string | RegExp]): DagFileCase =>
  breaks(name, `${imports}${code}`, ["spec", told[0], told[1] ?? /^bad\.ts(:2:\d+)?$/]);
/** The author's own code threw. */
const thrown = (name: string, code: string, told: readonly [message: RegExp, at?: string | RegExp]): DagFileCase =>
  breaks(name, `${imports}${code}`, ["throw", told[0], told[1] ?? /^bad\.ts(:2:\d+)?$/]);
const id = (name: string, literal: string): DagFileCase =>
  spec(`a Dag id ${name}`, `export default dag(${literal}, {}, () => {});`, [/cannot be the id/, ":2:16"]);
const t = `const t = task("t", (x: unknown) => x);`;
const body = (code: string): string => `${t} export default dag("$ID", {}, () => { ${code} });`;
const option = (code: string): string => `${t} export default dag("$ID", { ${code} } as never, () => { t(1); });`;

/** Files whose Dags are none. Rows 36 and 45. */
export const dags: readonly DagFileCase[] = [
  ...all({ row: 45 }, [
    id("with a way out", `"../../etc"`),
    id("with a slash", `"a/b"`),
    id("with a backslash", `"a\\\\b"`),
    id("with a NUL", `"a\\0b"`),
    id("of 300 letters", `"x".repeat(300)`),
    id("of emoji", `"🎉"`),
    id("of nothing", `""`),
    id("of a blank", `" "`),
    id("with a newline", `"a\\nb"`),
    id("of one dot", `"."`),
    id("of two dots", `".."`),
    id("that is a number", "7 as never"),
    id("that is undefined", "undefined as never"),
    id("that is an object", `{ toString: () => "x" } as never`),
    id("with a percent sign", `"a%2Fb"`),
    id("with right-to-left marks", `"a\\u202eb"`),
    loads("a Dag id of 250 letters", `${imports}export default dag("y".repeat(250), {}, () => {});`, {
      expected: { loads: ["y".repeat(250)] },
    }),
    spec("a task id with a way out", body(`task("../x", () => 1)();`), [/cannot be the id/]),
    spec("a task id of 300 letters", body(`task("x".repeat(300), () => 1)();`), [/cannot be the id/]),
    spec("a task id of emoji", body(`task("🎉", () => 1)();`), [/cannot be the id/]),
    spec("a task id of nothing", body(`task("", () => 1)();`), [/cannot be the id/]),
    spec("a task called twice", body("t(1); t(2);"), [/two tasks with the id "t"/, /^bad\.ts:2:/]),
    spec("a cycle", body(`const p = t(1); const q = t.with({ id: "q" })(p); q.before(p);`), [/cycle/]),
    spec("a task that waits for itself", body("const p = t(1); p.before(p);"), [/cycle|itself/]),
    breaks(
      "two Dags with one id",
      `${imports}export const a = dag("same_$ID", {}, () => {});\nexport const b = dag("same_$ID", {}, () => {});`,
      ["duplicate", /two Dags with the id/],
    ),
  ]),
  ...all({ row: 36 }, [
    spec("an async body", `export default dag("$ID", {}, (async () => {}) as never);`, [/is async/]),
    spec("a body that returns a promise", `export default dag("$ID", {}, (() => Promise.resolve()) as never);`, [
      /is async|promise/,
    ]),
    spec("no body", `export default dag("$ID", {}, undefined as never);`, [/has no body/, ":2:16"]),
    spec("a Dag in a Dag", `export default dag("$ID", {}, () => { dag("inner", {}, () => {}); });`, [
      /inside the body/,
      /^bad\.ts:2:/,
    ]),
    spec("a task called at the top", `${t} t(1);`, [/outside a Dag body/, /^bad\.ts:2:/]),
    spec("an unknown option", option("schedul: '@daily'"), [/no option `schedul`/, /^bad\.ts:2:/]),
    spec("a schedule that is none", option(`schedule: "99 * * * *"`), [/schedule/i]),
    spec("a schedule of six words", option(`schedule: "a b c d e f"`), [/schedule/i]),
    spec("a schedule that is a number", option("schedule: 5"), [/schedule/i]),
    spec("a schedule that is an object", option("schedule: {}"), [/schedule/i]),
    spec(
      "a time zone that is none",
      `import { cron } from "airloom"; export default dag("$ID", { schedule: cron("0 6 * * *", { timezone: "Mars/Olympus" }) }, () => {});`,
      [/Mars/],
    ),
    spec("a start that is no date", option(`startDate: "yesterday"`), [/startDate|yesterday/]),
    spec("a start that is an invalid Date", option("startDate: new Date(NaN)"), [/startDate|date/i]),
    spec("runs below zero", option("maxActiveRuns: -1"), [/maxActiveRuns/]),
    spec("runs that are no whole number", option("maxActiveRuns: 1.5"), [/maxActiveRuns/]),
    spec("tags that are no list", option("tags: 7"), [/tags/]),
    spec("options that are null", `export default dag("$ID", null as never, () => {});`, [/./]),
    spec("params that are no schema", option("params: { a: 1 }"), [/params/]),
    spec(
      "params that are a schema of text",
      `import { z } from "zod"; export default dag("$ID", { params: z.string() as never }, () => {});`,
      [/params/],
    ),
    spec(
      "params that JSON cannot say",
      `import { z } from "zod"; export default dag("$ID", { params: z.object({ f: z.function() }) as never }, () => {});`,
      [/params|function/i],
    ),
    spec("retries below zero", body(`t.with({ id: "r", retries: -1 } as never)(1);`), [/retries/]),
    spec("a delay that is none", body(`task("r", { retryDelay: "soon" as never }, () => 1)();`), [/soon/]),
    spec("an unknown option of a task", body(`task("r", { retrys: 3 } as never, () => 1)();`), [/retrys/]),
    spec("a task without a function", body(`task("r", undefined as never)();`), [/./]),
    spec("a task whose function is text", body(`task("r", "text" as never)();`), [/./]),
    spec("a constant that is a function", body("t(() => 1);"), [/function cannot/]),
    spec("a constant that is a symbol", body(`t(Symbol("s"));`), [/symbol cannot/]),
    spec("a constant of a class", body("t(new (class Order {})());"), [/instance of Order/]),
    spec("a constant that contains itself", body("const a: any = {}; a.a = a; t(a);"), [/contains itself/]),
    spec("a constant that is a promise", body("t(Promise.resolve(1));"), [/promise/]),
    thrown("a constant whose getter throws", body(`t({ get a() { throw new Error("got"); } });`), [/got/]),
    spec("a constant with a hole", body("t([1, , 3]);"), [/holes/]),
    spec("a constant that is an invalid Date", body("t(new Date(NaN));"), [/invalid Date/]),
    thrown("a constant that is a revoked proxy", body("const p = Proxy.revocable({}, {}); p.revoke(); t(p.proxy);"), [
      /./,
      /^bad\.ts/,
    ]),
    spec("a Ref in text", body(`const p = t(1); t.with({ id: "x_" + p })(2);`), [/as if it had a value/]),
    spec("a Ref in arithmetic", body(`const p = t(1) as never as number; t.with({ id: "q" })(p + 1);`), [
      /as if it had a value/,
    ]),
    thrown(
      "a Ref that is awaited",
      `${t} export default dag("$ID", {}, (() => { const p = t(1); (p as any).then(() => 1); }) as never);`,
      [/./, /^bad\.ts:2:/],
    ),
    spec(
      "a Ref of another Dag",
      `${t} let kept: any; export const a = dag("a_$ID", {}, () => { kept = t(1); }); export const b = dag("b_$ID", {}, () => { t(kept); });`,
      [/./, /^bad\.ts:2:/],
    ),
    spec(
      "a Ref kept from an earlier evaluation",
      `${t} let kept: any; export default dag("$ID", {}, () => { if (kept) t.with({ id: "late" })(kept); kept = t(1); });`,
      [/earlier evaluation/, /^bad\.ts:2:/],
    ),
    spec("a trigger rule that is none", body(`task("r", { triggerRule: "sometimes" as never }, () => 1)();`), [
      /sometimes|triggerRule/,
    ]),
    spec("an expand over no list", body(`t.expand(7 as never);`), [/./, /^bad\.ts/]),
    spec(
      "a group in two places",
      `import { group } from "airloom"; ${t} export default dag("$ID", {}, () => { group("g", () => { t(1); }); group("g", () => { t(2); }); });`,
      [/g/],
    ),
    spec(
      "a branch to nowhere",
      `import { branch } from "airloom"; export default dag("$ID", {}, () => { (branch as any)("b", () => "x", { x: 7 })(); });`,
      [/./, /^bad\.ts/],
    ),
  ]),
  ...all({ row: 36 }, [
    loads(
      "constants of every kind that is kept",
      `${imports}${body("t([1n, -0, NaN, Infinity, undefined, null, new Date(0), new Map([[1, new Set([2])]]), new Uint8Array([1, 2]), { $: 1, __proto__: null }, 'a\\0\\ud800']);")}`,
    ),
    loads("a schedule that never comes", `${imports}${option(`schedule: "0 0 30 2 *"`)}`),
    loads("a Dag without tasks", `${imports}export default dag("$ID", {}, () => {});`),
    loads("a body that returns something", `${imports}export default dag("$ID", {}, () => 7);`),
    loads(
      "one Dag exported twice",
      `${imports}export const a = dag("$ID", {}, () => {});\nexport default a;\nexport const more = [a, [a]];`,
    ),
  ]),
];
