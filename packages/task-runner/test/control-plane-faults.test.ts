import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { AirloomError } from "@airloom/core";
import { builtFile, builtProgram } from "@airloom/testkit";
import { afterEach, describe, expect, test } from "vitest";
import { isAlive, processesWith, untilDead } from "./process-state.ts";
import { TestWorker, type TestWorkerOptions } from "./test-worker.ts";

const source = `
import { context, dag, task } from "airloom";
const tasks = {
  quick: () => 1,
  hold: () => { console.log("holding", process.pid); return new Promise(() => {}); },
  slow: () => new Promise((resolve) => { console.log("slow", process.pid); setTimeout(() => resolve("done"), 300); }),
};
export default dag("work", {}, () => {
  for (const [id, run] of Object.entries(tasks)) task(id, run as () => unknown)();
});
`;

const lost = new AirloomError("UNAVAILABLE", { reason: "the connection was lost" });
const terms = { heartbeatMs: 50, leaseMs: 1_000, marginMs: 300, killGraceMs: 200 };

let worker: TestWorker;
async function start(options: TestWorkerOptions = {}): Promise<void> {
  worker = await TestWorker.start(options);
  await worker.load(source);
}
afterEach(() => worker[Symbol.asyncDispose]());

async function startedPid(task: string): Promise<{ id: string; pid: number }> {
  const id = worker.queue(`work/${task}`);
  await worker.plane.until(() => worker.plane.log(id).length > 0);
  return { id, pid: Number(worker.plane.log(id)[0]?.msg.split(" ").at(-1)) };
}

/** Breaks the first `times` calls of a kind. */
function fault(call: string, times: number): () => void {
  let left = times;
  return ((made: string) => {
    if (made !== call || left === 0) return;
    left -= 1;
    throw lost;
  }) as () => void;
}

describe("answers that are lost", () => {
  test("a finish is repeated until its answer comes, and recorded once; what it claimed is found again", async () => {
    await start({ slots: 1 });
    worker.plane.after = fault("finish", 2);
    const ids = [worker.queue("work/quick"), worker.queue("work/quick")];
    for (const id of ids) expect((await worker.plane.finished(id)).outcome).toEqual({ kind: "succeeded" });
    await worker.plane.until(() => worker.plane.countOf("finish") >= 4);
    expect(await readdir(join(worker.cacheDir, "spool")).catch(() => [])).toEqual([]);
  });

  test("a claim whose answer is lost is asked for again by the same tokens", async () => {
    await start({ slots: 1 });
    worker.plane.after = fault("claim", 1);
    expect((await worker.run("work/quick")).outcome).toEqual({ kind: "succeeded" });
    const requests = worker.plane.calls.filter(({ call }) => call === "claim").map(({ args }) => args[0]);
    const repeated = requests.find((request) => (request as { repeat?: boolean }).repeat);
    expect(repeated).toMatchObject({ tokenHashes: (requests[0] as { tokenHashes: string[] }).tokenHashes });
  });

  test("log records that were not taken are sent again, in order", async () => {
    await start({ slots: 1 });
    worker.plane.before = fault("appendLogs", 2);
    const id = worker.queue("work/slow");
    await worker.plane.finished(id);
    expect(worker.plane.log(id).map(({ seq }) => seq)).toEqual([0]);
  });
});

describe("a control plane that is away", () => {
  test("for less than the lease: nothing happens", async () => {
    await start({ terms: { ...terms, leaseMs: 3_000 } });
    const { id, pid } = await startedPid("slow");
    worker.plane.before = fault("heartbeat", 8);
    expect((await worker.plane.finished(id)).outcome).toEqual({ kind: "succeeded" });
    expect(isAlive(pid)).toBe(true);
  });

  test("for longer: the attempt is dead before its lease ends", async () => {
    await start({ terms });
    const { id, pid } = await startedPid("hold");
    let lastBeat = performance.now();
    worker.plane.before = (call) => {
      if (call !== "heartbeat") return;
      lastBeat = Math.min(lastBeat, performance.now());
      throw lost;
    };
    await untilDead([pid], 5_000);
    expect(performance.now() - lastBeat).toBeLessThan(terms.leaseMs);
    expect(worker.plane.finish(id)).toBeNull();
  });

  test("an outcome waits on disk while its lease lives, and is delivered by the next worker", async () => {
    await start({ terms: { ...terms, leaseMs: 1_500 }, settings: { spoolAfterMs: 50, drainMs: 0 } });
    worker.plane.before = (call) => {
      if (call === "finish") throw lost;
    };
    const id = worker.queue("work/quick");
    const spool = join(worker.cacheDir, "spool");
    const spooled = async (): Promise<readonly string[]> => readdir(spool).catch(() => []);
    while ((await spooled()).filter((name) => name.endsWith(".finish")).length === 0) await new Promise(setImmediate);
    await worker.worker.stop("it goes");
    expect((await spooled()).length).toBe(1);
    worker.plane.before = () => undefined;
    const next = await TestWorker.start({ plane: worker.plane, cacheDir: worker.cacheDir });
    expect(worker.plane.finish(id)?.outcome).toEqual({ kind: "succeeded" });
    const order = worker.plane.calls.map(({ call }) => call);
    expect(order.lastIndexOf("finish")).toBeLessThan(order.lastIndexOf("registerWorker"));
    expect(await spooled()).toEqual([]);
    await next.worker.stop("the test is over");
  });
});

test("an outcome that is refused fails the attempt with the refusal", async () => {
  await start({ slots: 1 });
  let refused = false;
  worker.plane.before = (call, [request]) => {
    const { outcome } = (request ?? {}) as { outcome?: { kind: string } };
    if (call !== "finish" || outcome?.kind !== "succeeded") return;
    refused = true;
    throw new AirloomError("VALUE_TOO_LARGE", { bytes: 2, limit: 1 });
  };
  const { outcome } = await worker.run("work/quick");
  expect(refused).toBe(true);
  expect(outcome).toMatchObject({ kind: "failed", error: { kind: "unserializable", name: "VALUE_TOO_LARGE" } });
});

describe("a worker that goes", () => {
  test("waits for what runs, then gives the rest back unharmed", async () => {
    await start({ slots: 2, settings: { drainMs: 1_500 } });
    const slow = await startedPid("slow");
    const held = await startedPid("hold");
    await worker.worker.stop("a new version is rolled out");
    expect(worker.plane.finish(slow.id)?.outcome).toEqual({ kind: "succeeded" });
    expect(worker.plane.released.map(({ taskInstanceId }) => taskInstanceId)).toEqual([held.id]);
    expect(worker.plane.released[0]).toMatchObject({ neverRan: false });
    expect(worker.plane.finish(held.id)).toBeNull();
    expect([slow.pid, held.pid].some(isAlive)).toBe(false);
  });

  test("gives back what a finish brought that was under way when it was told to go", async () => {
    await start({ slots: 1 });
    const first = worker.queue("work/quick");
    const second = worker.queue("work/hold");
    let stopped: Promise<void> | undefined;
    // The control plane has recorded the first and given the second: the answer comes when the worker is stopping already.
    worker.plane.after = (call) => {
      if (call === "finish") stopped ??= worker.worker.stop("a new version is rolled out");
    };
    await worker.plane.finished(first);
    await worker.plane.until(() => stopped !== undefined);
    await stopped;
    expect(worker.plane.released).toMatchObject([{ taskInstanceId: second, neverRan: true }]);
    expect(worker.plane.finish(second)).toBeNull();
  });

  test("says so of an attempt of which nothing ran yet", async () => {
    await start({ slots: 1, settings: { drainMs: 0 } });
    let asked = false;
    worker.plane.before = (call) => {
      if (call !== "getArtifact") return;
      asked = true;
      throw new AirloomError("UNAVAILABLE", { reason: "it is away" });
    };
    const id = worker.queue("work/quick");
    await worker.plane.until(() => worker.plane.countOf("heartbeat") > 0 && asked);
    await worker.worker.stop("a new version is rolled out");
    expect(worker.plane.released).toMatchObject([{ taskInstanceId: id, neverRan: true }]);
  });

  test("killed without warning takes its children along, also one that never yields", async () => {
    await start();
    const { supervisor, child, grandchild } = await doomed("hold");
    expect([child, grandchild].every(isAlive)).toBe(true);
    supervisor.kill("SIGKILL");
    await untilDead([child], 2_000);
    // What the task itself started outlives it by nature: the next worker ends it before it is made known.
    await using _next = await TestWorker.start();
    expect(isAlive(grandchild)).toBe(false);
    expect(processesWith(`AIRLOOM_SUPERVISOR=${supervisor.pid}:`)).toEqual([]);
  });

  test("stopped, but not dead: its children end before their lease does", async () => {
    await start();
    const { supervisor, child } = await doomed("wait");
    supervisor.kill("SIGSTOP");
    await untilDead([child], 1_500);
    supervisor.kill("SIGKILL");
  });
});

/** A worker in a process of its own that runs one attempt. */
async function doomed(task: string) {
  const program = await builtProgram(join(import.meta.dirname, "doomed-worker.ts"));
  const args = [program, await builtFile("task-child"), join(worker.cacheDir, "doomed"), task];
  const supervisor = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(createInterface({ input: supervisor.stdout }), "line")) as [string];
  return { supervisor, ...(JSON.parse(line) as { child: number; grandchild: number }) };
}
