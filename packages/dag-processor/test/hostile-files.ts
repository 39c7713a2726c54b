import type { ProcessorSettings } from "@airloom/dag-processor";

interface HostileFile {
  readonly name: string;
  /** By path in the project; `dags/bad.ts` is parsed. */
  readonly files: Readonly<Record<string, string>>;
  readonly expected:
    | { readonly dags: readonly string[]; readonly warning?: RegExp }
    | { readonly kind: string; readonly message: RegExp; readonly location?: string };
  readonly settings?: Partial<ProcessorSettings>;
}

const imports = `import { dag, task } from "airloom";\n`;
const one = `export default dag("one", {}, () => { task("t", () => 1)(); });\n`;

interface More {
  readonly location?: string;
  readonly settings?: Partial<ProcessorSettings>;
}

const bad = (
  name: string,
  code: string,
  ...[kind, message, { location, settings } = {}]: readonly [kind: string, message: RegExp, more?: More]
): HostileFile => ({
  name,
  files: { "dags/bad.ts": code },
  expected: { kind, message, ...(location !== undefined && { location }) },
  ...(settings && { settings }),
});

const fine = (
  name: string,
  code: string,
  ...[dags, warning]: readonly [dags: readonly string[], warning?: RegExp]
): HostileFile => ({
  name,
  files: { "dags/bad.ts": code },
  expected: { dags, ...(warning && { warning }) },
});

const short = { settings: { fileTimeoutMs: 700 } };
const at = (location: string) => ({ location: `dags/bad.ts${location}` });

export const hostileFiles: readonly HostileFile[] = [
  // text
  fine("an empty file", "", []),
  fine("a file that is no Dag", "export const helper = (x: number): number => x + 1;", []),
  fine("a byte order mark", `\uFEFF${imports}${one}`, ["one"]),
  bad(
    "a syntax error",
    `${imports}export default dag("x", {}, () => {\n  const = 1;\n});`,
    "syntax",
    /Expected identifier/,
    at(":3:9"),
  ),
  bad("an unclosed string", `const x = "abc`, "syntax", /Unterminated string/, at(":1:15")),
  bad("binary bytes", "\u0000\u0001\u0002\u0003", "syntax", /Unexpected|Syntax/),
  bad("a merge conflict", `<<<<<<< HEAD\n${one}=======\n`, "syntax", /Unexpected "<<"/, at(":1:1")),
  bad("a missing import", `import { x } from "./nowhere";\nexport default x;`, "resolve", /nowhere/, at(":1:19")),
  bad(
    "a missing package",
    `import x from "left-pad-of-nobody";\nexport default x;`,
    "resolve",
    /left-pad-of-nobody/,
    at(":1:15"),
  ),
  bad("a missing name in an own file", `import { nope } from "./bad";\nnope();`, "syntax", /nope/),
  bad("a file above the limit", `${imports}${one}//${"x".repeat(3_000)}`, "limit", /3\d{3} bytes; at most 2000/, {
    settings: { maxFileBytes: 2_000 },
  }),
  // throws
  bad(
    "a throw at the top",
    `${imports}\nconst limit: number = 3;\nthrow new TypeError("no " + limit);`,
    "throw",
    /^TypeError: no 3$/,
    at(":4:7"),
  ),
  bad(
    "a throw in a body",
    `${imports}export default dag("x", {}, () => {\n  null!.x;\n});`,
    "throw",
    /Cannot read properties of null/,
    at(":3:9"),
  ),
  bad("a thrown text", `throw "just text";`, "throw", /just text/),
  bad("a thrown null", "throw null;", "throw", /null/),
  bad("a thrown proxy", "throw new Proxy({}, { get() { throw new Error('again'); } });", "throw", /again|object/),
  bad(
    "an error whose stack is no text",
    "const e = new Error('odd'); Object.defineProperty(e, 'stack', { value: 7 }); throw e;",
    "throw",
    /odd/,
  ),
  bad(
    "prepareStackTrace taken over",
    "Error.prepareStackTrace = () => { throw 1; }; throw new Error('hidden');",
    "throw",
    /hidden/,
  ),
  bad("a rejected top-level await", "await Promise.reject(new Error('late'));", "throw", /late/),
  bad(
    "a rejection that nobody waits for",
    `${imports}Promise.reject(new Error("lost"));\n${one}`,
    "throw",
    /lost/,
    at(":2:16"),
  ),
  bad("deep recursion", "const f = (): number => 1 + f(); f();", "throw", /RangeError: Maximum call stack/),
  // ends
  bad("process.exit(0)", "process.exit(0);", "exit", /exited during import \(code 0\)/),
  bad("process.exit(3)", "process.exit(3);", "exit", /code 3/),
  bad("process.exit in a body", `${imports}export default dag("x", {}, () => process.exit(0));`, "exit", /code 0/),
  bad("process.abort", "process.abort();", "exit", /SIGABRT/),
  bad("SIGKILL to itself", "process.kill(process.pid, 'SIGKILL');", "exit", /SIGKILL/),
  bad("SIGSEGV to itself", "process.kill(process.pid, 'SIGSEGV'); await new Promise(() => {});", "exit", /SIGSEGV/),
  bad("SIGTERM to its group", "process.kill(0, 'SIGTERM'); await new Promise(() => {});", "exit", /SIGTERM/),
  // time
  bad("an endless loop", "while (true) {}", "timeout", /0\.7 s/, short),
  bad(
    "an endless loop in a body",
    `${imports}export default dag("x", {}, () => { for (;;) {} });`,
    "timeout",
    /0\.7 s/,
    short,
  ),
  bad("a top-level await that never settles", "await new Promise(() => {});", "timeout", /0\.7 s/, short),
  bad(
    "a synchronous sleep",
    `import { execSync } from "node:child_process"; execSync("sleep 1000");`,
    "timeout",
    /0\.7 s/,
    short,
  ),
  bad("a regular expression that never ends", `/^(a+)+$/.test("${"a".repeat(40)}b");`, "timeout", /0\.7 s/, short),
  // memory
  bad("a list without end", "const l: number[][] = []; for (;;) l.push(new Array(1e6).fill(1));", "memory", /256 MB/, {
    settings: { memoryLimitMb: 256 },
  }),
  bad("buffers without end", "const l: Buffer[] = []; for (;;) l.push(Buffer.alloc(5e7, 1));", "memory", /256 MB/, {
    settings: { memoryLimitMb: 256 },
  }),
  // the channel and what is printed
  fine(
    "junk on stdout",
    `${imports}console.log("junk " + "x".repeat(1e6)); process.stdout.write("\\u0000\\u00ff");\n${one}`,
    ["one"],
    /junk x/,
  ),
  bad(
    "junk on the channel",
    `import { writeSync } from "node:fs"; writeSync(3, "not a frame at all"); await new Promise(() => {});`,
    "exit",
    /broke the process/,
  ),
  bad(
    "a closed channel",
    `import { closeSync } from "node:fs"; closeSync(3); await new Promise(() => {});`,
    "exit",
    /broke the process/,
  ),
  bad(
    "a forged answer",
    `import { writeSync } from "node:fs"; const b = Buffer.from(JSON.stringify({ kind: "loaded", id: 1, leftovers: [], dags: [{ dagId: "x", spec: { format: 1 } }] }));
const h = Buffer.alloc(4); h.writeUInt32LE(b.length); writeSync(3, Buffer.concat([h, b])); await new Promise(() => {});`,
    "spec",
    /The Spec is not valid/,
  ),
  // Dags
  bad("an async body", `${imports}export default dag("x", {}, (async () => {}) as never);`, "spec", /is async/),
  bad(
    "a clock in the Spec",
    `${imports}export default dag("x", {}, () => { task("t_" + Date.now(), () => 1)(); });`,
    "nondeterministic",
    /Dag "x" .* tasks\[0\]\.id/,
  ),
  bad(
    "chance in the Spec",
    `${imports}export default dag("x", {}, () => { if (Math.random() < 0.5) task("t", () => 1)(); });`,
    "nondeterministic",
    /Dag "x"/,
  ),
  bad(
    "a date in an argument",
    `${imports}const t = task("t", (d: Date) => d); export default dag("x", {}, () => { t(new Date()); });`,
    "nondeterministic",
    /tasks\[0\]\.args\[0\]/,
  ),
  bad(
    "a counter that grows with each evaluation",
    `${imports}let n = 0; export default dag("x", {}, () => { task("t" + n++, () => 1)(); });`,
    "nondeterministic",
    /tasks\[0\]\.id/,
  ),
  bad(
    "two Dags with one id",
    `${imports}${one}export const again = dag("one", {}, () => {});`,
    "duplicate",
    /two Dags with the id "one"/,
  ),
  bad(
    "a task called twice",
    `${imports}const t = task("t", () => 1); export default dag("x", {}, () => { t(); t(); });`,
    "spec",
    /two tasks with the id "t"/,
    at(":2:72"),
  ),
  bad(
    "a Dag id with a way out",
    `${imports}export default dag("../../etc", {}, () => {});`,
    "spec",
    /cannot be the id/,
    at(":2:16"),
  ),
  bad(
    "a schedule that is none",
    `${imports}export default dag("x", { schedule: "99 * * * *" }, () => {});`,
    "spec",
    /schedule/i,
  ),
  bad(
    "too many Dags",
    `${imports}export const all = Array.from({ length: 20 }, (_, i) => dag("d" + i, {}, () => {}));`,
    "limit",
    /20 Dags; at most 10/,
    { settings: { maxDagsPerFile: 10 } },
  ),
  bad(
    "a Spec above the limit",
    `${imports}const t = task("t", (x: string) => x); export default dag("x", {}, () => { t("y".repeat(20_000)); });`,
    "limit",
    /bytes; at most 10000/,
    { settings: { maxSpecBytes: 10_000 } },
  ),
  bad(
    "a cycle",
    `${imports}const a = task("a", () => 1); const b = task("b", () => 1); export default dag("x", {}, () => { const p = a(); const q = b(); p.before(q); q.before(p); });`,
    "spec",
    /cycle/,
  ),
  // sizes
  {
    ...fine(
      "twenty thousand tasks",
      `${imports}const t = task("t", () => 1);\nexport default dag("big", {}, () => { for (let i = 0; i < 20_000; i++) t.with({ id: "t" + i })(); });`,
      ["big"],
    ),
    settings: { fileTimeoutMs: 30_000 },
  },
  bad(
    "more tasks than a Dag may have",
    `${imports}const t = task("t", () => 1);\nexport default dag("big", {}, () => { for (let i = 0; i < 25_001; i++) t.with({ id: "t" + i })(); });`,
    "spec",
    /25001; at most 25000/,
    { settings: { fileTimeoutMs: 30_000 } },
  ),
  fine("a file of ten megabytes", `${imports}${one}//${"words ".repeat(1_700_000)}`, ["one"]),
  bad(
    "data nested a hundred thousand deep",
    `${imports}let data: unknown = 1; for (let i = 0; i < 100_000; i++) data = [data];\nexport default dag("deep", { data: data as never }, () => {});`,
    "spec",
    /cannot be stored|call stack/,
  ),
  bad(
    "code nested a hundred thousand deep",
    `export default ${"[".repeat(100_000)}${"]".repeat(100_000)};`,
    "limit",
    /nested too deeply/,
    at(":1:2016"),
  ),
  bad(
    "code nested a million deep",
    `export default ${"[".repeat(1e6)}${"]".repeat(1e6)};`,
    "limit",
    /nested too deeply/,
  ),
  // what outlives a file
  fine("a changed prototype", `${imports}(Object.prototype as never as { x: number }).x = 1;\n${one}`, ["one"]),
  fine(
    "timers that are left",
    `${imports}setInterval(() => {}, 1); setTimeout(() => { throw new Error("late"); }, 1);\n${one}`,
    ["one"],
  ),
  fine(
    "a server that listens",
    `${imports}import { createServer } from "node:net"; createServer().listen(0);\n${one}`,
    ["one"],
  ),
  fine(
    "a process that stays",
    `${imports}import { spawn } from "node:child_process"; spawn("sleep", ["1000"], { stdio: "ignore" }).unref();\n${one}`,
    ["one"],
  ),
];
