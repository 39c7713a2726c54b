import { all, breaks, type DagFileCase, imports } from "../case.ts";

const late = (name: string, code: string): DagFileCase => breaks(name, code, ["timeout", /had not loaded after 5 s/]);

/** Files that never come to an end. Row 37. */
export const endless: readonly DagFileCase[] = all({ row: 37, isHeavy: true }, [
  late("an endless loop", "while (true) {}"),
  late("an endless loop in a body", `${imports}export default dag("x", {}, () => { for (;;) {} });`),
  late("a top-level await that never settles", "await new Promise(() => {});"),
  late("a synchronous sleep", `import { execSync } from "node:child_process"; execSync("sleep 1000");`),
  late("a wait on shared memory", "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);"),
  late("a regular expression that never ends", `/^(a+)+$/.test("${"a".repeat(40)}b");`),
  late("microtasks without end", "const f = (): unknown => Promise.resolve().then(f); await f();"),
  late("ticks without end", "const f = (): void => process.nextTick(f); f(); await new Promise(() => {});"),
  late("a timer that keeps the await alive", "setInterval(() => {}, 10); await new Promise(() => {});"),
  late(
    "a read of a pipe that nobody writes",
    `import { execSync } from "node:child_process"; import { readFileSync } from "node:fs"; execSync("mkfifo pipe-" + process.pid); readFileSync("pipe-" + process.pid);`,
  ),
  late("a generator without end", "function* all() { for (let i = 0; ; i++) yield i; } for (const i of all()) void i;"),
  late("an endless loop that ignores SIGTERM", "process.on('SIGTERM', () => {}); for (;;) {}"),
  late(
    "a thread that blocks its parent",
    `import { Worker } from "node:worker_threads"; const s = new Int32Array(new SharedArrayBuffer(4)); new Worker("for(;;){}", { eval: true }); Atomics.wait(s, 0, 0);`,
  ),
  late(
    "an endless getter in the options",
    `${imports}export default dag("x", { get tags(): string[] { for (;;); } }, () => {});`,
  ),
]);
