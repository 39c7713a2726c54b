/**
 * What the task runner itself costs, without a database: from the answer to a claim to the first line of the author's function, and
 * to the outcome at the control plane, which is in memory here. Warm children, then a new artifact each time; beside them the floor,
 * a Node process that is started and does nothing.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeValue, type FinishRequest } from "@airloom/wire";
import { TestWorker } from "../test-worker.ts";

const source = (id: string): string => `
import { dag, task } from "airloom";
const first = task("first", () => performance.timeOrigin + performance.now());
const talks = task("talks", () => { console.log("a line"); return 0; });
export default dag("${id}", {}, () => { first(); talks(); });
`;

const now = (): number => performance.timeOrigin + performance.now();

// A copy: a build in the middle of the measurement takes the original away.
const folder = mkdtempSync(join(tmpdir(), "airloom-dispatch-"));
const childPath = join(folder, "task-child.mjs");
for (const name of ["task-child.mjs", "task-child.body.cjs"])
  copyFileSync(join(process.cwd(), "packages/airloom/dist", name), join(folder, name));

const figures: object[] = [];

function figure(name: string, values: readonly number[]): void {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (part: number): number =>
    Math.round((sorted[Math.floor((sorted.length - 1) * part)] ?? Number.NaN) * 1000) / 1000;
  figures.push({ name, repeats: values.length, p10: at(0.1), p50: at(0.5), p99: at(0.99) });
}

function firstLineAt({ xcoms }: FinishRequest): number {
  const value = xcoms[0]?.value;
  if (value?.kind !== "value") throw new Error("the task left no value");
  return decodeValue(value.bytes) as number;
}

interface Times {
  readonly start: number[];
  readonly whole: number[];
}

async function measure(worker: TestWorker, tasks: readonly string[]): Promise<Times> {
  const times: Times = { start: [], whole: [] };
  for (const task of tasks) {
    const began = now();
    const finish = await worker.run(task);
    times.whole.push(now() - began);
    times.start.push(firstLineAt(finish) - began);
  }
  return times;
}

const repeated = (task: string, times: number): readonly string[] => Array.from({ length: times }, () => task);

async function warm(): Promise<void> {
  await using worker = await TestWorker.start({ slots: 1, childPath });
  await worker.load(source("warm"));
  await measure(worker, repeated("warm/first", 300));
  const { start, whole } = await measure(worker, repeated("warm/first", 2_000));
  figure("warm: queued → first line", start);
  figure("warm: queued → outcome recorded", whole);
  const talking: number[] = [];
  for (let count = 0; count < 500; count += 1) {
    const began = now();
    await worker.run("warm/talks");
    talking.push(now() - began);
  }
  figure("warm, one line of log: queued → outcome recorded", talking);
  const cpu = process.cpuUsage();
  const began = now();
  const ids = Array.from({ length: 1_000 }, () => worker.queue("warm/first"));
  await worker.plane.finished(ids.at(-1) as string);
  figure("warm: 1,000 queued at once, per attempt", [(now() - began) / ids.length]);
  const { user, system } = process.cpuUsage(cpu);
  figure("warm: 1,000 queued at once, supervisor's processor time per attempt", [(user + system) / 1000 / ids.length]);
}

async function cold(): Promise<void> {
  await using worker = await TestWorker.start({ slots: 1, childPath });
  const count = 60;
  for (let index = 0; index < count; index += 1) await worker.load(source(`cold${index}`), `cold${index}.ts`);
  const tasks = Array.from({ length: count }, (_, index) => `cold${index}/first`);
  const { start, whole } = await measure(worker, tasks);
  figure("new artifact, one after another: queued → first line", start);
  figure("new artifact, one after another: queued → outcome recorded", whole);
  const rested: number[] = [];
  for (let index = 0; index < 20; index += 1) {
    await worker.load(source(`rested${index}`), `rested${index}.ts`);
    // A blank child is ready: what binding alone costs.
    await new Promise((resolve) => setTimeout(resolve, 400));
    rested.push(...(await measure(worker, [`rested${index}/first`])).start);
  }
  figure("new artifact, blank child ready: queued → first line", rested);
}

async function floor(): Promise<void> {
  const times: number[] = [];
  for (let count = 0; count < 20; count += 1) {
    const began = now();
    await once(spawn(process.execPath, ["-e", "0"], { stdio: "ignore" }), "exit");
    times.push(now() - began);
  }
  figure("floor: node -e 0, start to exit", times);
}

await floor();
await warm();
await cold();
rmSync(folder, { recursive: true });
process.stdout.write(`${JSON.stringify({ unit: "ms", figures }, null, 2)}\n`);
