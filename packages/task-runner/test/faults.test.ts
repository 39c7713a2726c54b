import { readFileSync } from "node:fs";
import { idleTime } from "@airloom/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { QueuedWork } from "./fake-control-plane.ts";
import { isAlive, processesWith, untilDead } from "./process-state.ts";
import { TestWorker, type TestWorkerOptions } from "./test-worker.ts";

const source = `
import { spawn, spawnSync } from "node:child_process";
import { context, dag, task } from "airloom";

const say = (text: string) => console.log(text, process.pid);
const tasks = {
  quick: () => 1,
  exit0: () => { say("before"); process.exit(0); },
  exit3: () => process.exit(3),
  never: () => new Promise(() => {}),
  empty: () => { say("waiting"); return new Promise(() => {}); },
  loop: () => { say("looping"); for (;;); },
  kill9: () => { say("last words"); process.kill(process.pid, "SIGKILL"); return new Promise(() => {}); },
  abort: () => process.abort(),
  oom: () => { const all: unknown[] = []; for (;;) all.push(new Array(100_000).fill(all.length)); },
  deaf: () => { process.on("SIGTERM", () => say("not listening")); say("deaf"); return new Promise(() => {}); },
  polite: () => new Promise((_, reject) => {
    const { signal } = context();
    signal.addEventListener("abort", () => { console.log("told: " + signal.reason.message); reject(signal.reason); });
    say("polite");
  }),
  holder: () => {
    const child = spawn("setsid", ["sleep", "300"], { stdio: "inherit", detached: true });
    say("holder of " + child.pid);
    process.exit(1);
  },
  line: () => { spawnSync("head", ["-c", "50000000", "/dev/zero"], { stdio: ["ignore", "inherit", "inherit"] }); console.log("after the line"); },
  binary: () => { process.stdout.write(Buffer.from([0xff, 0xfe, 0x00, 0x41, 0x0a])); },
  yes: () => { spawnSync("yes", { stdio: ["ignore", "inherit", "inherit"] }); console.log("after the flood"); },
  bigValue: () => "x".repeat(2_000_000),
  frames: async () => { const { writeSync } = await import("node:fs"); writeSync(4, Buffer.alloc(64, 255)); return new Promise(() => {}); },
};
export default dag("faults", {}, () => {
  for (const [id, run] of Object.entries(tasks)) task(id, run as () => unknown)();
});
`;

let worker: TestWorker;

async function start(options: TestWorkerOptions = {}): Promise<void> {
  worker = await TestWorker.start({ ...options });
  await worker.load(source);
}

const within =
  (executionTimeoutSeconds: number) =>
  (work: QueuedWork): QueuedWork => ({ ...work, task: { ...work.task, executionTimeoutSeconds } });

const messages = (id: string): readonly string[] => worker.plane.log(id).map(({ msg }) => msg);

/** Starts an attempt and waits for the pid that it prints after a word. */
async function startedPid(task: string, word: string, change?: (work: QueuedWork) => QueuedWork) {
  const id = worker.queue(`faults/${task}`, change);
  const line = (): string | undefined => messages(id).find((msg) => msg.startsWith(word));
  await worker.plane.until(() => line() !== undefined);
  return { id, pid: Number(line()?.split(" ").at(-1)) };
}

const isYes = (pid: number): boolean => readFileSync(`/proc/${pid}/comm`, "utf8") === "yes\n";

afterEach(() => worker[Symbol.asyncDispose]());

describe("a child that ends without a word", () => {
  beforeEach(() => start());

  test.each([
    ["exit0", { kind: "exit", exitCode: 0 }],
    ["exit3", { kind: "exit", exitCode: 3 }],
    ["kill9", { kind: "signal", signal: "SIGKILL" }],
    ["abort", { kind: "signal", signal: "SIGABRT" }],
  ])("%s: a failure, whatever the exit code, within two seconds", async (task, error) => {
    await worker.run("faults/quick");
    const ended = async () =>
      expect((await worker.run(`faults/${task}`)).outcome).toMatchObject({ kind: "failed", retry: true, error });
    expect(await idleTime(ended)).toBeLessThan(2_000);
  });

  test("its last words are kept", async () => {
    const id = worker.queue("faults/kill9");
    await worker.plane.finished(id);
    expect(messages(id)[0]).toMatch(/^last words \d+$/);
  });

  test("a grandchild that holds its output does not hold up its end, and dies too", async () => {
    const id = worker.queue("faults/holder");
    const ended = async () =>
      expect((await worker.plane.finished(id)).outcome).toMatchObject({ error: { kind: "exit", exitCode: 1 } });
    expect(await idleTime(ended)).toBeLessThan(5_000);
    expect(messages(id)[0]).toMatch(/^holder of/);
    await untilDead(processesWith(`AIRLOOM_ATTEMPT=${id}:1`), 2_000);
  });

  test("one that writes nonsense to its channel is killed", async () => {
    expect((await worker.run("faults/frames")).outcome).toMatchObject({ error: { kind: "signal" } });
  });
});

describe("time limits", () => {
  beforeEach(() => start({ terms: { heartbeatMs: 50, leaseMs: 1_000, marginMs: 200, killGraceMs: 300 } }));

  test.each(["never", "empty"])(
    "%s: a promise that never settles ends by the limit, not by an empty loop",
    async (task) => {
      const { outcome } = await worker.run(`faults/${task}`, within(0.3));
      expect(outcome).toMatchObject({ kind: "failed", retry: true, error: { kind: "timeout" } });
    },
  );

  test("a loop that never yields: heartbeats go on for three leases, then the limit kills it", async () => {
    const { id, pid } = await startedPid("loop", "looping", within(3));
    const before = worker.plane.countOf("heartbeat");
    expect((await worker.plane.finished(id)).outcome).toMatchObject({ error: { kind: "timeout" } });
    expect(worker.plane.countOf("heartbeat") - before).toBeGreaterThan(20);
    expect(isAlive(pid)).toBe(false);
  });

  test("one that ignores SIGTERM is killed after the grace, and dead when the outcome is told", async () => {
    const { id, pid } = await startedPid("deaf", "deaf", within(0.2));
    await worker.plane.finished(id);
    expect(isAlive(pid)).toBe(false);
    expect(messages(id).some((msg) => msg.startsWith("not listening"))).toBe(true);
  });

  test("the task hears of it first, by its signal", async () => {
    const id = worker.queue("faults/polite", within(0.2));
    expect((await worker.plane.finished(id)).outcome).toMatchObject({ error: { kind: "timeout" } });
    expect(messages(id)).toContain("told: The task ran longer than its `timeout` of 0.2 s and was stopped.");
  });
});

describe("memory", () => {
  test("a child that runs out of heap fails as such, and its neighbour goes on", async () => {
    await start({ settings: { childHeapBytes: 64 * 1024 * 1024 } });
    const neighbour = worker.queue("faults/never", within(20));
    const { outcome } = await worker.run("faults/oom");
    expect(outcome).toMatchObject({
      error: { kind: "out_of_memory", message: expect.stringContaining("heap limit 64 MiB") },
    });
    expect(worker.plane.finish(neighbour)).toBeNull();
    worker.plane.cancel(neighbour);
    await worker.plane.until(() => worker.plane.ended.length > 0);
  });

  test("a data limit fails the attempt, not the machine", async () => {
    await start({ settings: { childDataBytes: 400 * 1024 * 1024 } });
    const { outcome } = await worker.run("faults/oom");
    expect(outcome).toMatchObject({ kind: "failed", error: { kind: expect.stringMatching(/out_of_memory|signal/) } });
  });
});

describe("output", () => {
  beforeEach(() => start());

  test("a line of 50 MB is cut, and memory stays flat", async () => {
    const before = process.memoryUsage.rss();
    const id = worker.queue("faults/line");
    await worker.plane.finished(id);
    const [first, line = ""] = messages(id);
    expect(first).toBe("after the line");
    expect(line.length).toBeLessThan(17_000);
    expect(line).toMatch(/\(\d+ more bytes\)$/);
    expect(process.memoryUsage.rss() - before).toBeLessThan(50 * 1024 * 1024);
  });

  test("bytes that are no text become readable ones", async () => {
    const id = worker.queue("faults/binary");
    await worker.plane.finished(id);
    expect(messages(id)).toEqual(["\ufffd\ufffd\ufffdA"]);
  });

  test("a flood ends at the limit with a word, heartbeats go on, and the end is kept", async () => {
    const before = process.memoryUsage.rss();
    const id = worker.queue("faults/yes");
    const limitAt = () => worker.plane.log(id).findIndex(({ msg }) => msg.includes("has reached its limit"));
    await worker.plane.until(() => worker.plane.log(id).length > 0);
    const beats = worker.plane.countOf("heartbeat");
    await worker.plane.until(() => limitAt() >= 0 && worker.plane.countOf("heartbeat") - beats >= 4);
    for (const pid of processesWith(`AIRLOOM_ATTEMPT=${id}:1`).filter(isYes)) process.kill(pid, "SIGKILL");
    expect((await worker.plane.finished(id)).outcome).toEqual({ kind: "succeeded" });
    const log = worker.plane.log(id);
    expect(limitAt()).toBe(log.length - 3);
    expect(log.at(-2)?.msg).toMatch(/^\d+ bytes were left out/);
    expect(log.at(-1)).toMatchObject({ source: "task", msg: "after the flood" });
    const bytes = log.reduce((sum, { msg }) => sum + msg.length + 64, 0);
    expect(bytes).toBeLessThan(11 * 1024 * 1024);
    // The fake control plane keeps the log in this process too.
    expect(process.memoryUsage.rss() - before).toBeLessThan(150 * 1024 * 1024);
  });
});

describe("what others decide", () => {
  beforeEach(() => start({ terms: { heartbeatMs: 50 } }));

  test("a cancelled attempt is told, dies, and its end is said", async () => {
    const { id, pid } = await startedPid("polite", "polite");
    worker.plane.cancel(id);
    await worker.plane.until(() => worker.plane.ended.some(({ taskInstanceId }) => taskInstanceId === id));
    expect(isAlive(pid)).toBe(false);
    expect(messages(id)).toContain("told: it was cleared");
    expect(worker.plane.finish(id)).toBeNull();
  });

  test("an attempt that nobody knows any more is killed", async () => {
    const { id, pid } = await startedPid("deaf", "deaf");
    worker.plane.forget(id);
    await untilDead([pid], 2_000);
    expect((await worker.run("faults/quick")).outcome).toEqual({ kind: "succeeded" });
    expect(worker.plane.finish(id)).toBeNull();
  });

  test("an outcome that comes too late is dropped, and its end is said", async () => {
    worker.plane.before = (call, [request]) => {
      if (call === "finish") worker.plane.cancel((request as { taskInstanceId: string }).taskInstanceId);
    };
    const id = worker.queue("faults/quick");
    await worker.plane.until(() => worker.plane.ended.some(({ taskInstanceId }) => taskInstanceId === id));
    expect(worker.plane.finish(id)).toBeNull();
  });
});

test("no process of a worker is left when it has stopped", async () => {
  await start({ slots: 3 });
  await Promise.all([1, 2, 3, 4].map(() => worker.run("faults/quick")));
  const mark = `AIRLOOM_SUPERVISOR=${process.pid}:`;
  expect(processesWith(mark).length).toBeGreaterThan(1);
  await worker.worker.stop("enough");
  expect(processesWith(mark)).toEqual([]);
});
