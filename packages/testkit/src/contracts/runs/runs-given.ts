import type { DagSpec, TaskSpec } from "@airloom/core";
import type { Claimed, RunRequest } from "@airloom/runs";
import type { DagRow, DagRunRow, Store } from "@airloom/store";
import { afterAll, beforeAll } from "vitest";
import type { OwnedStore } from "../../database/clone-store.ts";
import { publish } from "../../factories/publish.ts";
import { someId } from "../../factories/some-id.ts";
import { someSpec, someTask } from "../../factories/some-spec.ts";
import {
  finish,
  hold,
  nameOf,
  type RunsUnderTest,
  runsOver,
  settle,
  statesOf,
  trigger,
  type Work,
  work,
} from "../../runs/drive-runs.ts";

export type MakeRunsStore = () => Promise<OwnedStore>;

/** A Dag whose tasks are in a queue of their own, so that what one test leaves running is no business of the next. */
export interface StartedDag {
  readonly dag: DagRow;
  readonly run: DagRunRow;
  readonly queue: string;
}

/** One store for a group of tests, with an imagined worker. */
export interface RunsGiven {
  readonly store: Store;
  readonly under: RunsUnderTest;
  shiftClock(ms: number): Promise<void>;
  publish(tasks: readonly TaskSpec[], spec?: Partial<DagSpec>): Promise<Omit<StartedDag, "run">>;
  start(tasks: readonly TaskSpec[], spec?: Partial<DagSpec>): Promise<StartedDag>;
  trigger(dag: DagRow, request?: Partial<RunRequest>): Promise<DagRunRow>;
  /** Starts, works until nothing can be claimed, and tells the states and the order. */
  run(
    tasks: readonly TaskSpec[],
    answer?: Work,
    spec?: Partial<DagSpec>,
  ): Promise<StartedDag & { readonly states: Readonly<Record<string, string>>; readonly ran: readonly string[] }>;
  /** What is queued now, claimed. */
  hold(queue: string, slots?: number): Promise<readonly Claimed[]>;
  holdOne(queue: string): Promise<Claimed>;
  /** Names of what the queue gives after everything that may move has moved; claimed. */
  next(queue: string): Promise<readonly string[]>;
  finish(claimed: Claimed, answer?: ReturnType<Work>): ReturnType<typeof finish>;
  work(queue: string, answer?: Work): Promise<readonly string[]>;
  states(run: DagRunRow): Promise<Readonly<Record<string, string>>>;
}

export const task = (id: string, upstream: readonly string[] = [], given: Partial<TaskSpec> = {}): TaskSpec =>
  someTask({ id, upstream, ...given });

export const failure: ReturnType<Work> = { kind: "failed", retry: true, failure: { message: "no" }, fingerprint: "f" };

export const failing =
  (...ids: readonly string[]): Work =>
  ({ task: { id } }) =>
    ids.includes(id) ? failure : { kind: "succeeded" };

/** A value, as bytes that only its test reads. */
export const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

/** What a task that made a list of so many elements answers. */
export const listOf = (length: number): ReturnType<Work> => ({
  kind: "succeeded",
  value: bytes(Array.from({ length }, (_, index) => index)),
  length,
});

export function runsGiven(make: MakeRunsStore): RunsGiven {
  let opened: OwnedStore | undefined;
  let runs: RunsUnderTest | undefined;
  beforeAll(async () => {
    opened = await make();
    runs = runsOver(opened.store);
    // Attempts that tests leave behind must not hold up others.
    await opened.store.tx((tx) => tx.upsertExecutor({ name: "local", parallelism: 0 }));
  });
  afterAll(() => opened?.close());
  const owned = (): OwnedStore => opened ?? missing();
  const under = (): RunsUnderTest => runs ?? missing();
  const publishIn: RunsGiven["publish"] = async (tasks, spec) => {
    const queue = someId("queue");
    const own = tasks.map((one) => ({ ...one, queue }));
    return { dag: await publish(owned().store, someSpec({ tasks: own, ...spec })), queue };
  };
  const start: RunsGiven["start"] = async (tasks, spec) => {
    const published = await publishIn(tasks, spec);
    return { ...published, run: await trigger(under(), published.dag) };
  };
  const given: RunsGiven = {
    get store() {
      return owned().store;
    },
    get under() {
      return under();
    },
    shiftClock: (ms) => owned().shiftClock(ms),
    publish: publishIn,
    start,
    trigger: (dag, request) => trigger(under(), dag, request),
    run: async (tasks, answer, spec) => {
      const started = await start(tasks, spec);
      const ran = await given.work(started.queue, answer);
      return { ...started, ran, states: await given.states(started.run) };
    },
    hold: (queue, slots = 64) => hold(under(), { queue, slots }),
    holdOne: async (queue) => (await hold(under(), { queue, slots: 1 }))[0] ?? missing(),
    next: async (queue) => {
      await settle(under().deps);
      return (await given.hold(queue)).map(({ instance }) => nameOf(instance));
    },
    finish: (claimed, answer) => finish(under(), claimed, answer),
    work: (queue, answer) => work(under(), answer, { queue }),
    states: (run) => statesOf(owned().store, run.id),
  };
  return given;
}

function missing(): never {
  throw new Error("it is not there");
}
