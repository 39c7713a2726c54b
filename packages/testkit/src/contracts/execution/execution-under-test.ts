import { randomUUID } from "node:crypto";
import type { ExecutionDeps } from "@airloom/api";
import type { DagSpec, Json, TaskSpec } from "@airloom/core";
import type { DagRow, DagRunRow, Store } from "@airloom/store";
import {
  type AttemptRef,
  type ClaimRequest,
  type ExecutionContract,
  encodeValue,
  type Outcome,
  type TaskWorkload,
  type XComOutput,
} from "@airloom/wire";
import { afterAll, beforeAll } from "vitest";
import { publish } from "../../factories/publish.ts";
import { someId } from "../../factories/some-id.ts";
import { someSpec, someTask } from "../../factories/some-spec.ts";
import { type RunsUnderTest, statesOf, trigger } from "../../runs/drive-runs.ts";
import { hashOf } from "./hash-of.ts";

/** One end of the contract with what is behind it, so that a test can look at what a call left. */
export interface MadeExecution {
  readonly execution: ExecutionContract;
  readonly deps: ExecutionDeps;
  readonly runs: RunsUnderTest;
  /** Moves the store's clock on. */
  shiftClock(ms: number): Promise<void>;
  /** What is shown of a broken file; left out where no lists are kept. */
  readonly importErrorOf?: (file: string) => Promise<Json>;
  close(): Promise<void>;
}

export type MakeExecution = (given: Partial<ExecutionDeps>) => Promise<MadeExecution>;

/** A claimed attempt and the right to speak for it. */
export interface Held {
  readonly workload: TaskWorkload;
  readonly ref: AttemptRef;
}

export interface Started {
  readonly dag: DagRow;
  readonly run: DagRunRow;
  /** All tasks of the run are in it, and nothing else. */
  readonly queue: string;
}

/** One control plane for a group of tests; each test uses a Dag and a queue of its own. */
export interface ExecutionUnderTest {
  readonly made: MadeExecution;
  readonly execution: ExecutionContract;
  readonly store: Store;
  /** Publishes a Dag of these tasks in a queue of its own, and starts a run. */
  start(tasks: readonly Partial<TaskSpec>[], given?: Partial<DagSpec>): Promise<Started>;
  /** The tasks' ids are `a`, `b`, …; each waits for the one before. */
  startChain(length: number): Promise<Started>;
  claim(queue: string, given?: Partial<ClaimRequest> & { readonly slots?: number }): Promise<readonly Held[]>;
  claimOne(queue: string): Promise<Held>;
  finish(held: Held, outcome?: Outcome, xcoms?: readonly XComOutput[]): Promise<"recorded" | "repeated">;
  stateOf(held: Held): Promise<string | undefined>;
  states(run: DagRunRow): Promise<Record<string, string>>;
}

export const succeeded: Outcome = { kind: "succeeded" };

/** A failure that may be retried. */
export const failed: Outcome = {
  kind: "failed",
  retry: true,
  error: { kind: "error", name: "Error", message: "no", stack: null, location: null },
};

/** The value a task returns. */
export const returned = (value: unknown): XComOutput => ({
  key: "return_value",
  value: { kind: "value", bytes: encodeValue(value) },
  length: Array.isArray(value) ? value.length : null,
});

/** A list whose elements stand apart. */
export const returnedApart = (items: readonly unknown[]): XComOutput => ({
  key: "return_value",
  value: { kind: "elements", items: items.map((item) => encodeValue(item)) },
  length: items.length,
});

/** What a claim of so many slots looks like, and the tokens behind its hashes. */
export function someClaimRequest(
  queue: string,
  { slots = 1, ...given }: Partial<ClaimRequest> & { readonly slots?: number } = {},
): { readonly request: ClaimRequest; readonly tokens: ReadonlyMap<string, string> } {
  const tokens = new Map(Array.from({ length: slots }, () => randomUUID()).map((token) => [hashOf(token), token]));
  const request = {
    workerId: "worker",
    executor: "local",
    queues: [queue],
    tokenHashes: [...tokens.keys()],
    warmArtifacts: [],
    waitMs: 0,
    ...given,
  };
  return { request, tokens };
}

export const heldOf = (workload: TaskWorkload, tokens: ReadonlyMap<string, string>): Held => ({
  workload,
  ref: {
    taskInstanceId: workload.taskInstanceId,
    attempt: workload.attempt,
    token: tokens.get(workload.tokenHash) ?? "not one of the claim's",
  },
});

export function executionUnderTest(make: MakeExecution, given: Partial<ExecutionDeps> = {}): ExecutionUnderTest {
  let opened: MadeExecution | undefined;
  beforeAll(async () => {
    opened = await make(given);
    // Attempts that tests leave behind must not hold up others.
    await opened.deps.store.tx((tx) => tx.upsertExecutor({ name: "local", parallelism: 0 }));
  });
  afterAll(() => opened?.close());
  const made = () => {
    if (!opened) throw new Error("it is made when the tests run");
    return opened;
  };
  const start: ExecutionUnderTest["start"] = async (tasks, spec) => {
    const queue = someId("queue");
    const all = tasks.map((task) => someTask({ queue, ...task }));
    const dag = await publish(made().deps.store, someSpec({ tasks: all, ...spec }));
    return { dag, run: await trigger(made().runs, dag), queue };
  };
  const claim: ExecutionUnderTest["claim"] = async (queue, more) => {
    const { request, tokens } = someClaimRequest(queue, more);
    const { workloads } = await made().execution.claim(request);
    return workloads.map((workload) => heldOf(workload, tokens));
  };
  return {
    get made() {
      return made();
    },
    get execution() {
      return made().execution;
    },
    get store() {
      return made().deps.store;
    },
    start,
    startChain: (length) =>
      start(
        Array.from({ length }, (_, index) => ({
          id: String.fromCharCode(97 + index),
          upstream: index === 0 ? [] : [String.fromCharCode(96 + index)],
        })),
      ),
    claim,
    claimOne: async (queue) => {
      const [held] = await claim(queue);
      if (!held) throw new Error(`nothing is queued in ${queue}`);
      return held;
    },
    finish: async ({ ref }, outcome = succeeded, xcoms = []) =>
      (await made().execution.finish({ ...ref, outcome, xcoms })).result,
    stateOf: async ({ ref }) => (await made().deps.store.tx((tx) => tx.findTaskInstance(ref.taskInstanceId)))?.state,
    states: (run) => statesOf(made().deps.store, run.id),
  };
}
