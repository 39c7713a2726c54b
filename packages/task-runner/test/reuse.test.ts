import { decodeValue } from "@airloom/wire";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { untilDead } from "./process-state.ts";
import { TestWorker } from "./test-worker.ts";

const source = `
import { spawn } from "node:child_process";
import { createServer, get, Agent } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { dag, task } from "airloom";

const agent = new Agent({ keepAlive: true });
const facts = () => ({
  pid: process.pid,
  env: process.env.LEFT ?? null,
  marker: process.env.AIRLOOM_ATTEMPT ?? null,
  secret: process.env.SUPERVISOR_SECRET ?? null,
  cwd: process.cwd(),
  umask: process.umask(),
  listeners: process.listenerCount("SIGUSR2"),
  last: Array.prototype.at === original && !("leaked" in globalThis) && Object.keys({}).length === 0 && !("polluted" in {}),
});
const original = Array.prototype.at;

const tasks = {
  look: () => facts(),
  env: () => { process.env.LEFT = "1"; delete process.env.PATH; return facts(); },
  cwd: () => { process.chdir("/tmp"); process.umask(0o777); return facts(); },
  listeners: () => { process.on("SIGUSR2", () => {}); process.removeAllListeners("uncaughtException"); return facts(); },
  prototype: () => { (Object.prototype as any).polluted = 1; return facts(); },
  replaced: () => { Array.prototype.at = function () { return 1; }; return facts(); },
  global: () => { (globalThis as any).leaked = 1; return facts(); },
  timer: () => { setTimeout(() => { process.env.LEFT = "by timer"; }, 5).unref(); return facts(); },
  interval: () => { setInterval(() => console.log("tick"), 5).unref(); return facts(); },
  wait: () => { void wait(5); return facts(); },
  ended: async () => { const t = setTimeout(() => {}, 60_000); clearTimeout(t); await wait(1); setImmediate(() => {}); return facts(); },
  rejection: () => { setImmediate(() => setImmediate(() => { void Promise.reject(new Error("late")); })); return facts(); },
  output: () => { setImmediate(() => setImmediate(() => console.log("late words"))); return facts(); },
  child: () => { const c = spawn("sleep", ["300"], { stdio: "ignore" }); c.unref(); return { ...facts(), child: c.pid }; },
  escaped: () => {
    const c = spawn("setsid", ["sh", "-c", "sleep 300 & sleep 300"], { stdio: "ignore", detached: true, env: { PATH: "/usr/bin:/bin" } });
    c.unref();
    return { ...facts(), child: c.pid };
  },
  thread: () => { new Worker("setInterval(() => {}, 1000)", { eval: true }).unref(); return facts(); },
  now: () => { void Promise.reject(new Error("nobody waits")); return new Promise(() => {}); },
  thrown: () => { setTimeout(() => { throw new Error("from a timer"); }, 1); return new Promise(() => {}); },
  keepAlive: async () => {
    const server = createServer((_, response) => response.end("ok")).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    server.unref();
    const { port } = server.address() as any;
    await (await fetch("http://127.0.0.1:" + port)).text();
    await new Promise<void>((resolve) => get({ port, host: "127.0.0.1", agent }, (r) => r.resume().on("end", resolve)));
    return facts();
  },
  halfDone: async () => {
    const server = createServer(() => {}).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as any;
    await Promise.all([fetch("http://127.0.0.1:" + port), Promise.reject(new Error("one of two"))]);
  },
};

export default dag("reuse", {}, () => {
  for (const [id, run] of Object.entries(tasks)) task(id, run as () => unknown)();
});
`;

let worker: TestWorker;
beforeAll(async () => {
  process.env.SUPERVISOR_SECRET = "not for children";
  worker = await TestWorker.start({ slots: 1 });
  await worker.load(source);
});
afterAll(async () => {
  delete process.env.SUPERVISOR_SECRET;
  await worker[Symbol.asyncDispose]();
});

interface Facts {
  readonly pid: number;
  readonly child?: number;
}

async function factsOf(task: string, isolation: "warm" | "fresh" = "warm"): Promise<Facts> {
  const { xcoms, outcome } = await worker.run(`reuse/${task}`, (work) => ({
    ...work,
    task: { ...work.task, isolation },
  }));
  const [xcom] = xcoms;
  if (xcom?.value.kind !== "value") throw new Error(JSON.stringify(outcome));
  return decodeValue(xcom.value.bytes) as Facts;
}

const clean = (facts: Facts) => ({ ...facts, pid: 0, marker: "" });

describe("what the next attempt finds", () => {
  test("its own marker, none of the supervisor's environment, and the same child", async () => {
    const first = await factsOf("look");
    expect(first).toMatchObject({
      env: null,
      secret: null,
      marker: expect.stringMatching(/^reuse\.look\.\d+:1$/),
      last: true,
    });
    const second = await factsOf("look");
    expect(second.pid).toBe(first.pid);
    expect(clean(second)).toEqual(clean(first));
  });

  test.each(["env", "cwd", "listeners"])("%s: put back in the same child", async (task) => {
    const before = await factsOf("look");
    const { pid } = await factsOf(task);
    const after = await factsOf("look");
    expect(clean(after)).toEqual(clean(before));
    expect(after.pid).toBe(pid);
  });

  test.each(["ended", "keepAlive"])("%s: harms nobody, the child stays", async (task) => {
    const { pid } = await factsOf(task);
    expect((await factsOf("look")).pid).toBe(pid);
  });

  test.each(["prototype", "replaced", "global", "timer", "interval", "wait", "thread"])(
    "%s: another child, as it was before",
    async (task) => {
      const before = await factsOf("look");
      const { pid } = await factsOf(task);
      const after = await factsOf("look");
      expect(after.pid).not.toBe(pid);
      expect(clean(after)).toEqual(clean(before));
    },
  );

  test.each(["rejection", "output"])("late %s: in nobody's log and nobody's outcome", async (task) => {
    const before = await factsOf("look");
    const { pid } = await factsOf(task);
    await untilDead([pid], 2_000);
    const id = worker.queue("reuse/look");
    expect((await worker.plane.finished(id)).outcome).toEqual({ kind: "succeeded" });
    expect(worker.plane.log(id)).toEqual([]);
    expect(clean(await factsOf("look"))).toEqual(clean(before));
  });

  test.each(["child", "escaped"])("a process it left (%s) is killed, wherever it went", async (task) => {
    const { child } = await factsOf(task);
    await untilDead([child as number], 4_000);
  });

  test("fresh isolation: a child that ran nothing before, and runs nothing after", async () => {
    const warm = await factsOf("look");
    const fresh = await factsOf("look", "fresh");
    const again = await factsOf("look", "fresh");
    expect(new Set([warm.pid, fresh.pid, again.pid]).size).toBe(3);
    await untilDead([fresh.pid, again.pid], 2_000);
    expect((await factsOf("look")).pid).toBe(warm.pid);
  });
});

describe("errors that nobody waits for", () => {
  test.each([
    ["now", "nobody waits"],
    ["thrown", "from a timer"],
  ])("%s: fails the attempt that runs, though its function never returns", async (task, message) => {
    const { outcome } = await worker.run(`reuse/${task}`);
    expect(outcome).toMatchObject({
      kind: "failed",
      error: { kind: "error", message, location: expect.stringContaining("dags/orders.ts:") },
    });
  });

  test("a failure that leaves half of its work going takes its child with it", async () => {
    const { pid } = await factsOf("look");
    expect((await worker.run("reuse/halfDone")).outcome).toMatchObject({ error: { message: "one of two" } });
    await untilDead([pid], 2_000);
  });
});
