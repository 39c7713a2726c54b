import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Service } from "@airloom/core";
import * as airloom from "@airloom/sdk";
import { evaluateDag, findDags } from "@airloom/sdk/runtime";
import { builtFile } from "@airloom/testkit";
import { encodeValue, type FinishRequest, type InputValue } from "@airloom/wire";
import { createWorker, type WorkerSettings } from "../src/index.ts";
import { artifactOf } from "./artifact.ts";
import { FakeControlPlane, type QueuedWork } from "./fake-control-plane.ts";

export interface TestWorkerOptions {
  readonly slots?: number;
  readonly settings?: Partial<WorkerSettings>;
  readonly terms?: Partial<FakeControlPlane["terms"]>;
  readonly plane?: FakeControlPlane;
  readonly cacheDir?: string;
  /** Default: the child's bundle, made from the sources as they are. */
  readonly childPath?: string;
}

/** A real worker with real children before a control plane in memory. */
export class TestWorker implements AsyncDisposable {
  readonly plane: FakeControlPlane;
  readonly worker: Service;
  readonly cacheDir: string;
  readonly #work = new Map<string, QueuedWork>();
  #made = 0;

  private constructor(plane: FakeControlPlane, worker: Service, cacheDir: string) {
    this.plane = plane;
    this.worker = worker;
    this.cacheDir = cacheDir;
  }

  static async start({ slots = 2, settings = {}, terms = {}, ...given }: TestWorkerOptions = {}): Promise<TestWorker> {
    const plane = given.plane ?? new FakeControlPlane();
    Object.assign(plane.terms, terms);
    const cacheDir = given.cacheDir ?? (await mkdtemp(join(tmpdir(), "airloom-worker-")));
    const worker = createWorker({
      contract: plane.contract(),
      executor: "local",
      queues: ["default"],
      slots,
      cacheDir,
      projectRoot: process.cwd(),
      childPath: given.childPath ?? (await builtFile("task-child")),
      log: () => undefined,
      settings: { claimWaitMs: 1_000, drainMs: 10_000, abortGraceMs: 200, ...settings },
    });
    await worker.start();
    return new TestWorker(plane, worker, cacheDir);
  }

  /** Makes the tasks of these Dag files known: `orders/extract`. */
  async load(source: string, file = "orders.ts"): Promise<void> {
    for (const work of await workOf(this.plane, source, file)) this.#work.set(`${work.dagId}/${work.task.id}`, work);
  }

  /** Queues an attempt. @returns the id of its instance. */
  queue(task: string, change: (work: QueuedWork) => QueuedWork = (work) => work): string {
    const work = this.#work.get(task);
    if (!work) throw new Error(`no task ${task}; there are: ${[...this.#work.keys()]}`);
    this.#made += 1;
    const taskInstanceId = `${task.replace("/", ".")}.${this.#made}`;
    this.plane.queue(change({ ...work, taskInstanceId }));
    return taskInstanceId;
  }

  /** Runs one attempt to its end. */
  run(task: string, change?: (work: QueuedWork) => QueuedWork): Promise<FinishRequest> {
    return this.plane.finished(this.queue(task, change));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.worker.stop("the test is over");
    await rm(this.cacheDir, { recursive: true, force: true });
  }
}

/** Bundles a file, and evaluates it here as the dag-processor would. */
export async function workOf(plane: FakeControlPlane, source: string, file = "orders.ts"): Promise<QueuedWork[]> {
  const artifact = await artifactOf(source, file);
  plane.add(artifact);
  const registry = globalThis as Record<symbol, unknown>;
  registry[Symbol.for("airloom.modules")] ??= { airloom, "airloom/operators": {} };
  const folder = await mkdtemp(join(tmpdir(), "airloom-artifact-"));
  const entry = join(folder, "main.mjs");
  const main = artifact.manifest.parts.find(({ path }) => path === "main.mjs");
  await writeFile(entry, artifact.contents.get(main?.hash ?? "") ?? "");
  const namespace: object = await import(pathToFileURL(entry).href);
  await rm(folder, { recursive: true });
  return findDags(namespace).flatMap((dag) =>
    evaluateDag(dag).spec.tasks.map(
      (task): QueuedWork => ({
        kind: "task",
        taskInstanceId: "",
        attempt: 1,
        artifactId: artifact.manifest.id,
        dagId: dag.id,
        task,
        mapIndex: -1,
        tryNumber: 1,
        maxTries: 1,
        run: {
          runId: "manual__1",
          runType: "manual",
          logicalDate: "2026-01-01T00:00:00.000Z",
          intervalStart: null,
          intervalEnd: null,
          runAfter: "2026-01-01T00:00:00.000Z",
          conf: {},
          clearNumber: 0,
        },
        params: {},
        variables: {},
        inputs: {},
        elementIndexes: [],
      }),
    ),
  );
}

export const asInput = (value: unknown): InputValue => ({ kind: "value", bytes: encodeValue(value) });
