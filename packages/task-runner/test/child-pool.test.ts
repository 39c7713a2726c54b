import { decodeValue, type FinishRequest } from "@airloom/wire";
import { afterEach, describe, expect, test } from "vitest";
import { isAlive, processesWith, untilDead } from "./process-state.ts";
import { TestWorker, type TestWorkerOptions } from "./test-worker.ts";

const source = (id: string): string => `
import { dag, task } from "airloom";
const pid = task("pid", () => process.pid);
const grow = task("grow", () => { (globalThis as any)[Symbol.for("kept")] = Buffer.alloc(120e6, 1); return process.pid; });
const hold = task("hold", () => { console.log("holding"); return new Promise(() => {}); });
export default dag("${id}", {}, () => { pid(); grow(); hold(); });
`;

let worker: TestWorker;
async function start(options: TestWorkerOptions, dags = ["a"]): Promise<void> {
  worker = await TestWorker.start(options);
  for (const id of dags) await worker.load(source(id), `${id}.ts`);
}
afterEach(() => worker[Symbol.asyncDispose]());

function pidIn({ xcoms }: FinishRequest): number {
  const value = xcoms[0]?.value;
  return value?.kind === "value" ? (decodeValue(value.bytes) as number) : Number.NaN;
}
const pidOf = async (task: string): Promise<number> => pidIn(await worker.run(task));

/** How many artifacts the worker says it has loaded in children that wait. */
const warmInLastClaim = (): number => {
  const claim = worker.plane.calls.findLast(({ call }) => call === "claim");
  return (claim?.args[0] as { warmArtifacts: string[] } | undefined)?.warmArtifacts.length ?? 0;
};

describe("a child is replaced", () => {
  test("after so many attempts", async () => {
    await start({ slots: 1, settings: { attemptsPerChild: 2 } });
    const pids = [await pidOf("a/pid"), await pidOf("a/pid"), await pidOf("a/pid")];
    expect(pids[1]).toBe(pids[0]);
    expect(pids[2]).not.toBe(pids[0]);
  });

  test("when it holds too much memory", async () => {
    await start({ slots: 1, settings: { childRssBytes: 150e6 } });
    const pid = await pidOf("a/grow");
    expect(await pidOf("a/pid")).not.toBe(pid);
    await untilDead([pid], 2_000);
  });

  test("when someone kills it while it waits: the next attempt does not notice", async () => {
    await start({ slots: 1 });
    const pid = await pidOf("a/pid");
    process.kill(pid, "SIGKILL");
    await untilDead([pid], 2_000);
    expect(await pidOf("a/pid")).not.toBe(pid);
  });
});

describe("children in number", () => {
  test("each Dag keeps its own warm child, as long as there is room; the one that waited longest goes", async () => {
    const mark = `AIRLOOM_SUPERVISOR=${process.pid}:`;
    expect(processesWith(mark)).toEqual([]);
    await start({ slots: 1, settings: { spareChildren: 2 } }, ["a", "b", "c"]);
    const first = await pidOf("a/pid");
    const second = await pidOf("b/pid");
    expect(await pidOf("a/pid")).toBe(first);
    // Only one that has come to rest can make room: both do, before a third Dag wants it.
    await worker.plane.until(() => warmInLastClaim() === 2);
    await pidOf("c/pid");
    await untilDead([second], 20_000);
    expect(isAlive(first)).toBe(true);
    expect(processesWith(mark).length).toBeLessThanOrEqual(3);
  });

  test("many slots do not start many children at once, and all work gets done", async () => {
    await start({ slots: 8 });
    const mark = `AIRLOOM_SUPERVISOR=${process.pid}:`;
    expect(processesWith(mark).length).toBeLessThanOrEqual(2);
    const pids = await Promise.all(Array.from({ length: 40 }, () => pidOf("a/pid")));
    expect(pids).toHaveLength(40);
    expect(new Set(pids).size).toBeLessThanOrEqual(8);
  });

  test("attempts run side by side, up to the slots", async () => {
    await start({ slots: 3 });
    const ids = [1, 2, 3].map(() => worker.queue("a/hold"));
    await worker.plane.until(() => ids.every((id) => worker.plane.log(id).length > 0));
    const waiting = worker.queue("a/pid");
    for (const id of ids.slice(0, 1)) worker.plane.cancel(id);
    expect((await worker.plane.finished(waiting)).outcome).toEqual({ kind: "succeeded" });
    for (const id of ids.slice(1)) worker.plane.cancel(id);
    await worker.plane.until(() => worker.plane.ended.length === 3);
  });

  test("a claim names what is warm", async () => {
    await start({ slots: 1 });
    const { taskInstanceId } = await worker.run("a/pid");
    await worker.plane.until(() => warmInLastClaim() === 1);
    expect(worker.plane.finish(taskInstanceId)).not.toBeNull();
  });
});

test("a worker that cannot start children gives its work back", async () => {
  await start({ slots: 1, childPath: "/nowhere/task-child.mjs" });
  const id = worker.queue("a/pid");
  await worker.plane.until(() => worker.plane.released.some(({ taskInstanceId }) => taskInstanceId === id));
  expect(worker.plane.finish(id)).toBeNull();
  expect(worker.plane.released[0]).toMatchObject({ neverRan: true });
});
