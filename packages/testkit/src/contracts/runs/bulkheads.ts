import { AirloomError, graphOf } from "@airloom/core";
import {
  admitWaiting,
  advanceWokenRuns,
  clearTasks,
  createFinishLanes,
  createRun,
  failTimedOutRuns,
  type RunEvent,
  type RunsDeps,
  rescueExpired,
  startRuns,
  wakeDueRuns,
} from "@airloom/runs";
import type { DagRow, DagRunRow } from "@airloom/store";
import { expect, test } from "vitest";
import { publish } from "../../factories/publish.ts";
import { someId } from "../../factories/some-id.ts";
import { someSpec } from "../../factories/some-spec.ts";
import { finish, hold, type RunsUnderTest, runsOver, someRunRequest, statesOf } from "../../runs/drive-runs.ts";
import { failure, type RunsGiven, task } from "./runs-given.ts";

const goodRuns = 50;
const retries = { retries: 5, retryDelaySeconds: 60 };

/** How a version goes bad: what is stored cannot be read, or what was read makes the decision throw. */
type Fault = "unreadable" | "throws";

/** Runs over the store whose versions can be broken and mended, as by a process that is older or newer than what is stored. */
interface Breakable {
  readonly under: RunsUnderTest;
  readonly broken: Map<string, Fault>;
}

function breakable(given: RunsGiven): Breakable {
  const broken = new Map<string, Fault>();
  const plain = runsOver(given.store);
  const { versions } = plain.deps;
  const deps: RunsDeps = {
    ...plain.deps,
    versions: {
      ...versions,
      load: async (tx, versionId) => {
        const fault = broken.get(versionId);
        const version = await versions.load(tx, versionId);
        const { dagId, number } = version.row;
        if (fault === "unreadable")
          throw new AirloomError("VERSION_UNREADABLE", { dagId, number, versionId, reason: "format 99" });
        return fault === "throws" ? { ...version, graph: throwing(version.graph) } : version;
      },
    },
  };
  return { broken, under: { ...plain, deps, lanes: createFinishLanes(deps) } };
}

const throwing = <T extends object>(value: T): T =>
  new Proxy(value, {
    get() {
      throw new TypeError("Cannot read properties of undefined (reading 'tasks')");
    },
  });

/** One queued run of a Dag of its own, older than fifty queued runs of another Dag. */
interface Crowd extends Breakable {
  readonly queue: string;
  readonly bad: DagRunRow;
  readonly good: readonly DagRunRow[];
  breakIt(fault: Fault): void;
  mend(): void;
  widenPool(): Promise<void>;
  states(): Promise<{ readonly bad: string; readonly good: readonly string[] }>;
  told(): readonly Extract<RunEvent, { readonly event: "dagRun:quarantined" }>[];
  until(pass: () => Promise<number>): Promise<void>;
}

interface CrowdOptions {
  /** Of the pool that its tasks share. */
  readonly slots?: number;
  readonly runTimeoutSeconds?: number | null;
}

async function crowd(given: RunsGiven, { slots = 100, runTimeoutSeconds = null }: CrowdOptions = {}): Promise<Crowd> {
  const at = breakable(given);
  const queue = someId("queue");
  const pool = { name: someId("pool"), description: null, includeDeferred: false };
  await given.store.tx((tx) => tx.insertPool({ ...pool, slots }));
  const tasks = [task("a", [], { queue, pool: pool.name, ...retries })];
  const make = (limits: { readonly maxActiveRuns: number }) =>
    publish(given.store, someSpec({ tasks, ...limits, runTimeoutSeconds }));
  const insert = async (dag: DagRow, runAfter: string): Promise<DagRunRow> => {
    const { deps } = at.under;
    const request = someRunRequest({ runAfter: new Date(runAfter) });
    const run = await given.store.tx(async (tx) =>
      createRun({ tx, deps, version: await deps.versions.load(tx, dag.versionId) }, request),
    );
    if (!run) throw new Error("the run exists already");
    return run;
  };
  const badDag = await make({ maxActiveRuns: 1 });
  const goodDag = await make({ maxActiveRuns: goodRuns });
  const bad = await insert(badDag, "2020-01-01T00:00:00Z");
  const good: DagRunRow[] = [];
  for (let count = 0; count < goodRuns; count += 1) good.push(await insert(goodDag, "2020-01-02T00:00:00Z"));
  const stateOf = async ({ id }: DagRunRow) => {
    const { "(run)": run, a } = await statesOf(given.store, id);
    return `${run} ${a}`;
  };
  return {
    ...at,
    queue,
    bad,
    good,
    breakIt: (fault) => void at.broken.set(badDag.versionId, fault),
    mend: () => at.broken.clear(),
    widenPool: async () => void (await given.store.tx((tx) => tx.updatePool({ ...pool, slots: 100 }))),
    states: async () => ({
      bad: await stateOf(bad),
      good: [...new Set(await Promise.all(good.map(stateOf)))],
    }),
    told: () => at.under.events.flatMap((event) => (event.event === "dagRun:quarantined" ? [event] : [])),
    until: async (pass) => {
      for (let passes = 0; (await pass()) > 0; passes += 1) if (passes > 200) throw new Error("it spins");
    },
  };
}

/** What holds when one run's version cannot be read, or deciding it throws: for each loop that looks at several runs. */
export function bulkheadPromises(given: RunsGiven): void {
  const inQuarantine = async (run: DagRunRow) =>
    (await given.store.tx((tx) => tx.listQuarantine())).find((row) => row.runKey === run.id && row.releasedAt === null);

  /** It is told once, with its reason, and nobody looks at it until its time has come. */
  const expectSetAside = async (at: Crowd, fault: Fault, pass: () => Promise<number>) => {
    const code = fault === "unreadable" ? "VERSION_UNREADABLE" : "INTERNAL";
    const told = { event: "dagRun:quarantined", dagId: at.bad.dagId, runId: at.bad.runId, code, failures: 1 };
    // A busy machine may be past its first retry by now.
    expect(at.told()[0]).toEqual({
      ...told,
      reason: expect.stringMatching(/format 99|Cannot read/),
      retryAt: expect.any(Date),
    });
    const row = await inQuarantine(at.bad);
    expect(row).toMatchObject({ code, dagId: at.bad.dagId });
    if (!row) throw new Error("it is in quarantine");
    const tries = at.told().length;
    await given.store.tx((tx) => tx.putQuarantine({ ...row, retryAt: new Date("2199-01-01") }));
    await at.until(pass);
    // A scheduler that starts anew knows of it.
    const other = breakable(given);
    for (const [version, kind] of at.broken) other.broken.set(version, kind);
    await startRuns(other.under.deps);
    await wakeDueRuns(other.under.deps);
    expect(other.under.events).toEqual([]);
    expect(at.told()).toHaveLength(tries);
    await given.store.tx((tx) => tx.putQuarantine(row));
  };

  /** What the scheduler's loops do for it when the cause is gone: nobody has to say so. */
  const expectRecovery = async (at: Crowd) => {
    at.mend();
    await given.shiftClock(20_000);
    const { deps } = at.under;
    await at.until(() => advanceWokenRuns(deps));
    await at.until(() => startRuns(deps));
    await rescueExpired(deps);
    await at.until(() => wakeDueRuns(deps));
    await at.until(() => admitWaiting(deps));
    expect(await inQuarantine(at.bad)).toBeUndefined();
    const held = await hold(at.under, { queue: at.queue, slots: 100 });
    for (const claimed of held) await finish(at.under, claimed, { kind: "succeeded" });
    expect((await at.states()).bad).toBe("success success");
  };

  for (const fault of ["unreadable", "throws"] as const) {
    describeFault(given, fault, { expectSetAside, expectRecovery });
  }

  test("what fails again and again is tried ever more rarely, at least once a minute", async () => {
    const at = await crowd(given);
    at.breakIt("unreadable");
    const { deps } = at.under;
    const pass = async () => {
      await at.until(() => advanceWokenRuns(deps));
      await at.until(() => startRuns(deps));
    };
    while (at.told().length < 9) {
      await pass();
      const row = await inQuarantine(at.bad);
      const now = await given.store.tx(async (tx) => (await tx.listQuarantine()) && tx.now);
      await given.shiftClock(Math.max(0, (row?.retryAt.getTime() ?? 0) - now.getTime()));
    }
    expect(at.told()).toMatchObject(Array.from({ length: 9 }, (_, index) => ({ failures: index + 1 })));
    const retries = at.told().map(({ retryAt }) => retryAt.getTime());
    const gaps = retries.slice(1).map((retryAt, index) => retryAt - (retries[index] ?? 0));
    for (const [index, gap] of gaps.entries()) {
      const wait = Math.min(60_000, 1_000 * 2 ** (index + 1));
      expect(gap).toBeGreaterThanOrEqual(wait);
      // The machine may be busy meanwhile.
      expect(gap).toBeLessThan(wait + 20_000);
    }
    await given.shiftClock(62_000);
    await expectRecovery(at);
  });

  test("a run whose Spec was damaged where it is stored stops no other, and can be deleted", async () => {
    const { deps, events } = given.under;
    const spec = someSpec({ tasks: [task("a")] });
    const damaged = { ...spec, tasks: [{ ...spec.tasks[0], retries: "many" }] } as unknown as typeof spec;
    const dag = await publish(given.store, damaged);
    const run = await given.store.tx(async (tx) => {
      const row = await tx.findVersion(dag.versionId);
      if (!row) throw new Error("it was published");
      return createRun({ tx, deps, version: { row, graph: graphOf(spec) } }, someRunRequest());
    });
    const good = await given.publish([task("a")]);
    const { id } = await given.trigger(good.dag);
    expect((await statesOf(given.store, id))["(run)"]).toBe("running");
    expect(events.filter(({ event }) => event === "dagRun:quarantined")).toMatchObject([
      { dagId: dag.dagId, code: "VERSION_UNREADABLE", reason: expect.stringContaining("tasks[0].retries") },
    ]);
    expect(await given.store.tx((tx) => tx.deleteRun(run?.id ?? 0))).toBe(true);
    expect((await given.store.tx((tx) => tx.listQuarantine())).filter((row) => row.dagId === dag.dagId)).toEqual([]);
  });

  test("a clear tries it at once", async () => {
    const at = await crowd(given);
    at.breakIt("throws");
    await at.until(() => startRuns(at.under.deps));
    expect(await inQuarantine(at.bad)).toBeDefined();
    at.mend();
    await clearTasks(at.under.deps, at.bad.id, { tasks: null });
    expect(await inQuarantine(at.bad)).toBeUndefined();
    await at.until(() => startRuns(at.under.deps));
    expect((await at.states()).bad).toMatch(/^running/);
  });
}

interface Expectations {
  expectSetAside(at: Crowd, fault: Fault, pass: () => Promise<number>): Promise<void>;
  expectRecovery(at: Crowd): Promise<void>;
}

function describeFault(given: RunsGiven, fault: Fault, { expectSetAside, expectRecovery }: Expectations): void {
  const how = fault === "unreadable" ? "whose version cannot be read" : "that cannot be decided";
  const started = async (options: CrowdOptions = {}) => {
    const at = await crowd(given, options);
    await at.until(() => startRuns(at.under.deps));
    return at;
  };

  test(`a queued run ${how} lets fifty others start`, async () => {
    const at = await crowd(given);
    at.breakIt(fault);
    const pass = () => startRuns(at.under.deps);
    await at.until(pass);
    expect(await at.states()).toEqual({ bad: "queued none", good: ["running queued"] });
    await expectSetAside(at, fault, pass);
    await expectRecovery(at);
  });

  test(`a woken run ${how} lets fifty others advance`, async () => {
    const at = await started();
    const keys = [at.bad, ...at.good].map(({ id }) => id);
    for (const claimed of await hold(at.under, { queue: at.queue, slots: 100 }))
      await finish(at.under, claimed, { kind: "lost", reason: "gone" });
    await given.store.tx((tx) => tx.wakeRuns(keys, "test"));
    at.breakIt(fault);
    const pass = () => advanceWokenRuns(at.under.deps);
    await at.until(pass);
    await at.until(() => admitWaiting(at.under.deps));
    expect(await at.states()).toEqual({ bad: "running none", good: ["running queued"] });
    await expectSetAside(at, fault, pass);
    await expectRecovery(at);
  });

  test(`a run ${how} lets the due retries of fifty others come`, async () => {
    const at = await started();
    for (const claimed of await hold(at.under, { queue: at.queue, slots: 100 }))
      await finish(at.under, claimed, failure);
    await given.shiftClock(61_000);
    at.breakIt(fault);
    const pass = () => wakeDueRuns(at.under.deps);
    await at.until(pass);
    await at.until(() => admitWaiting(at.under.deps));
    expect(await at.states()).toEqual({ bad: "running up_for_retry", good: ["running queued"] });
    await expectSetAside(at, fault, pass);
    await expectRecovery(at);
  });

  test(`a run ${how} lets fifty others have the room that became free`, async () => {
    const at = await started({ slots: 0 });
    await admitWaiting(at.under.deps);
    expect(await at.states()).toEqual({ bad: "running scheduled", good: ["running scheduled"] });
    await at.widenPool();
    at.breakIt(fault);
    const pass = () => admitWaiting(at.under.deps);
    await at.until(pass);
    expect(await at.states()).toEqual({ bad: "running none", good: ["running queued"] });
    await expectSetAside(at, fault, pass);
    await expectRecovery(at);
  });

  test(`a run ${how} lets the lost attempts of fifty others be given up`, async () => {
    const at = await started();
    await hold(at.under, { queue: at.queue, slots: 100 });
    await given.shiftClock(41_000);
    at.breakIt(fault);
    const pass = () => rescueExpired(at.under.deps);
    await at.until(pass);
    expect((await at.states()).good).toEqual(["running queued"]);
    expect((await at.states()).bad).toBe("running running");
    await expectSetAside(at, fault, pass);
    await expectRecovery(at);
  });

  test(`a run ${how} lets fifty others end at their time-out`, async () => {
    const at = await started({ runTimeoutSeconds: 60 });
    await given.shiftClock(61_000);
    at.breakIt(fault);
    const pass = () => failTimedOutRuns(at.under.deps);
    await at.until(pass);
    expect((await at.states()).good).toEqual(["failed skipped"]);
    await expectSetAside(at, fault, pass);
    at.mend();
    await given.shiftClock(20_000);
    await at.until(pass);
    expect((await at.states()).bad).toBe("failed skipped");
  });

  test(`a run ${how} lets a worker claim the work of fifty others`, async () => {
    const at = await started();
    at.breakIt(fault);
    const claimed = await hold(at.under, { queue: at.queue, slots: 100 });
    expect(claimed.filter(({ run }) => run.id === at.bad.id)).toEqual([]);
    expect(claimed).toHaveLength(goodRuns);
    expect(await at.states()).toEqual({ bad: "running none", good: ["running running"] });
    await expectSetAside(at, fault, async () => (await hold(at.under, { queue: at.queue })).length);
    await expectRecovery(at);
  });
}
