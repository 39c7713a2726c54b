import { all, type DagFileCase, imports, loads, one } from "../case.ts";

const leaves = (name: string, code: string): DagFileCase => loads(name, `${imports}${code}\n${one}`);
const spawn = `import { spawn, exec } from "node:child_process"; void exec;`;

/** Files that leave something behind which goes on without them. Row 41. */
export const leftovers: readonly DagFileCase[] = all({ row: 41 }, [
  leaves("timers that are left", `setInterval(() => {}, 1); setTimeout(() => { throw new Error("late"); }, 1);`),
  leaves("a timer that rejects later", `setTimeout(() => void Promise.reject(new Error("later")), 50);`),
  leaves("a timer that ends the process later", "setTimeout(() => process.exit(1), 50).unref();"),
  leaves(
    "a timer that writes to the channel later",
    `import { writeSync } from "node:fs"; setTimeout(() => writeSync(3, "junk"), 50).unref();`,
  ),
  leaves("a loop that begins later", "setTimeout(() => { for (;;); }, 1).unref();"),
  leaves("output that goes on", "setInterval(() => console.log('tick'), 1).unref();"),
  leaves("a server that listens", `import { createServer } from "node:net"; createServer().listen(0);`),
  leaves(
    "a web server that listens",
    `import { createServer } from "node:http"; createServer((_, r) => r.end()).listen(0);`,
  ),
  leaves(
    "a connection that stays open",
    `import { connect, createServer } from "node:net"; const s = createServer().listen(0, () => connect((s.address() as any).port));`,
  ),
  leaves("a file that stays open", `import { openSync } from "node:fs"; openSync("/dev/null", "r");`),
  leaves("a folder that is watched", `import { watch } from "node:fs"; watch("/tmp");`),
  leaves("a process that stays", `${spawn} spawn("sleep", ["1000"], { stdio: "ignore" }).unref();`),
  leaves(
    "a process in a group of its own",
    `${spawn} spawn("sleep", ["1000"], { stdio: "ignore", detached: true }).unref();`,
  ),
  leaves(
    "a process in a session of its own",
    `${spawn} spawn("setsid", ["sleep", "1000"], { stdio: "ignore", detached: true, env: { PATH: "/usr/bin:/bin" } }).unref();`,
  ),
  leaves(
    "a process that holds the output",
    `${spawn} spawn("sleep", ["1000"], { stdio: "inherit", detached: true }).unref();`,
  ),
  leaves(
    "a process that holds the channel",
    `${spawn} spawn("sleep", ["1000"], { stdio: [0, 1, 2, 3], detached: true }).unref();`,
  ),
  leaves(
    "a process that loops",
    `${spawn} spawn(process.execPath, ["-e", "for(;;);"], { stdio: "ignore", detached: true }).unref();`,
  ),
  leaves(
    "a thread that stays",
    `import { Worker } from "node:worker_threads"; new Worker("setInterval(() => {}, 1000)", { eval: true }).unref();`,
  ),
  leaves(
    "a thread that loops",
    `import { Worker } from "node:worker_threads"; new Worker("for (;;);", { eval: true }).unref();`,
  ),
  leaves(
    "a thread that throws",
    `import { Worker } from "node:worker_threads"; new Worker("throw new Error('thread')", { eval: true }).on("error", () => {});`,
  ),
  leaves("a broadcast channel", `new BroadcastChannel("x");`),
  leaves(
    "a request that nobody answers",
    `import { createServer } from "node:http"; const s = createServer(() => {}).listen(0, () => void fetch("http://127.0.0.1:" + (s.address() as any).port).catch(() => {}));`,
  ),
]);
