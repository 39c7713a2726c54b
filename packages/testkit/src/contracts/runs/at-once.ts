import {
  type Claimed,
  claim,
  clearTasks,
  endAttempts,
  failTimedOutRuns,
  heartbeat,
  markTasks,
  type RunsDeps,
  rescueExpired,
  setRunState,
} from "@airloom/runs";
import type { DagRunRow, Store, Tx } from "@airloom/store";
import { expect, test } from "vitest";
import { someId } from "../../factories/some-id.ts";
import { finish, hold, nameOf, type RunsUnderTest, runsOver, settle, type Work } from "../../runs/drive-runs.ts";
import { failure, type RunsGiven, task } from "./runs-given.ts";

/** What stands outside the store and sees every execution: no two of one instance may overlap, no attempt may start twice. */
function ledger() {
  const alive = new Map<string, number>();
  const seen = new Set<string>();
  const faults: string[] = [];
  return {
    faults,
    started({ instance }: Claimed): void {
      const name = `${nameOf(instance)} of run ${instance.runKey}, attempt ${instance.attempt}`;
      const key = `${instance.id} ${instance.attempt}`;
      if (seen.has(key)) faults.push(`${name} started twice`);
      if (alive.has(instance.id)) faults.push(`${name} started while attempt ${alive.get(instance.id)} was alive`);
      seen.add(key);
      alive.set(instance.id, instance.attempt);
    },
    /** Its process is dead; only now it may be reported. */
    ended({ instance }: Claimed): void {
      alive.delete(instance.id);
    },
  };
}

const keyOf = ({ instance }: Claimed) => ({
  taskInstanceId: instance.id,
  attempt: instance.attempt,
  tokenHash: instance.tokenHash ?? "",
});

/** One of the many who take part until `over`. A turn that found nothing to do lets the others go first. */
async function repeat(over: () => boolean, turn: () => Promise<boolean>): Promise<void> {
  while (!over()) if (!(await turn())) await new Promise(setImmediate);
}

export function atOncePromises(given: RunsGiven): void {
  /** A worker: runs what it claims, reports it, says so when a fenced one is dead. */
  const workerOf =
    (
      under: RunsUnderTest,
      book: ReturnType<typeof ledger>,
      place: { readonly queue: string; readonly answer: Work; readonly look?: () => Promise<unknown> },
    ) =>
    async (): Promise<boolean> => {
      const held = await hold(under, { queue: place.queue, slots: 3 });
      for (const one of held) book.started(one);
      await place.look?.();
      await Promise.all(
        held.map(async (one) => {
          book.ended(one);
          const result = await finish(under, one, place.answer(one));
          if (result === "fenced") await endAttempts(under.deps, [keyOf(one)]);
        }),
      );
      return held.length > 0;
    };
  const areOver = async (runs: readonly DagRunRow[]) => {
    const rows = await given.store.tx((tx) => tx.listRunsByKey(runs.map(({ id }) => id)));
    return rows.every(({ state }) => state === "success" || state === "failed");
  };
  /** Failures and losses, as often as it was tried. */
  const mixed: Work = ({ instance: { attempt }, task: { id } }) => {
    const luck = (attempt * 7 + id.length * 3 + id.charCodeAt(id.length - 1)) % 5;
    if (luck === 0) return failure;
    return luck === 1 ? { kind: "lost", reason: "its worker died" } : { kind: "succeeded" };
  };

  /** Moves that find everything queued claimed in the moment between the look and the move. */
  const overtakenBy = (queue: string): RunsDeps => {
    let isFirst = true;
    const move =
      (tx: Tx): Tx["moveTaskInstances"] =>
      async (moves) => {
        if (isFirst) await given.hold(queue);
        isFirst = false;
        return tx.moveTaskInstances(moves);
      };
    const store: Store = {
      ...given.store,
      tx: (fn) =>
        given.store.tx((tx) =>
          fn(new Proxy(tx, { get: (at, name) => (name === "moveTaskInstances" ? move(at) : Reflect.get(at, name)) })),
        ),
    };
    return { ...given.under.deps, store };
  };

  test("a run marked failed in the moment when its tasks are claimed fails them all, and counts them", async () => {
    const { run, queue } = await given.start([task("a"), task("b"), task("c", ["a", "b"])]);
    await setRunState(overtakenBy(queue), run.id, "failed");
    expect(await given.states(run)).toEqual({ "(run)": "failed", a: "failed", b: "failed", c: "skipped" });
    expect(await given.store.tx((tx) => tx.listRunsByKey([run.id]))).toMatchObject([{ unfinished: 0 }]);
    expect(await given.store.tx((tx) => tx.listTallies(run.id, ["c"]))).toMatchObject([{ total: 2, failed: 2 }]);
  });

  test("tasks cleared in the moment when they are claimed begin anew all the same", async () => {
    const { run, queue } = await given.start([task("a"), task("b")]);
    const { instances } = await clearTasks(overtakenBy(queue), run.id, { tasks: null });
    expect(instances.map(({ state }) => state)).toEqual(["restarting", "restarting"]);
    expect(await given.states(run)).toMatchObject({ a: "restarting", b: "restarting" });
  });

  test("whoever says that an attempt has ended lets those go first who move its run", async () => {
    const { run, queue } = await given.start([task("a")]);
    const held = await given.holdOne(queue);
    await clearTasks(given.under.deps, run.id, { tasks: null });
    const { moved, ending } = await given.store.tx(async (tx) => {
      await tx.lockRuns([run.id]);
      const said = endAttempts(given.under.deps, [keyOf(held)]);
      for (let turn = 0; turn < 20; turn += 1)
        await given.store.tx((other) => other.findTaskInstance(held.instance.id));
      const move = { id: held.instance.id, from: "restarting", attempt: 1, to: "none" } as const;
      return { moved: await tx.moveTaskInstances([{ ...move, set: { dropLease: false } }]), ending: { said } };
    });
    await ending.said;
    expect(moved).toHaveLength(1);
    expect(await given.next(queue)).toEqual(["a"]);
  });

  test("an attempt whose heartbeat comes while it is about to be given up goes on, cleared or not", async () => {
    const { run, queue } = await given.start([task("a"), task("b")]);
    const held = await given.hold(queue);
    await clearTasks(given.under.deps, run.id, { tasks: [{ taskId: "b" }] });
    await given.shiftClock(41_000);
    let isFirst = true;
    // The look at the leases is a transaction of its own; the heartbeat comes just behind it.
    const store: Store = {
      ...given.store,
      tx: async (fn) => {
        const result = await given.store.tx(fn);
        if (isFirst) await heartbeat(given.under.deps, "worker", held.map(keyOf));
        isFirst = false;
        return result;
      },
    };
    await rescueExpired({ ...given.under.deps, store });
    expect(await given.states(run)).toMatchObject({ a: "running", b: "restarting" });
    expect(await given.next(queue)).toEqual([]);
    await Promise.all(held.map((one) => given.finish(one)));
    expect(await given.states(run)).toMatchObject({ a: "success", b: "restarting" });
  });

  test("an attempt that is given up by whoever looks at its run first is on record as ended", async () => {
    const { run, queue } = await given.start([task("a")]);
    const { instance } = await given.holdOne(queue);
    await clearTasks(given.under.deps, run.id, { tasks: null });
    await given.shiftClock(41_000);
    expect(await given.next(queue)).toEqual(["a"]);
    expect(await given.store.tx((tx) => tx.findAttempt(instance.id, 1))).toMatchObject({ outcome: "cancelled" });
  });

  test("a claim that reaches two servers at once gets the same attempts from both", async () => {
    const { queue } = await given.start([task("a"), task("b"), task("c"), task("d")]);
    const tokenHashes = [someId("token"), someId("token")];
    const options = {
      executor: "local",
      queues: [queue],
      workerId: "w",
      tokenHashes,
      leaseMs: 30_000,
      warmArtifacts: [],
    };
    const both = await Promise.all([claim(given.under.deps, options), claim(given.under.deps, options)]);
    const [one, other] = both.map((claimed) =>
      claimed.map(({ instance }) => `${instance.taskId} ${instance.tokenHash}`).sort(),
    );
    expect(one).toHaveLength(2);
    expect(other).toEqual(one);
  });

  test("an outcome that is told again while the first telling still waits is recorded once", async () => {
    const { run, queue } = await given.start([task("a"), task("b"), task("c", ["b"], { triggerRule: "all_failed" })]);
    const held = await given.hold(queue);
    const [a, b] = ["a", "b"].map((id) => held.find(({ task: { id: own } }) => own === id));
    if (!a || !b) throw new Error("both are claimed");
    // The first keeps the run's lane busy, so that the other two stand in it together.
    const told = [given.finish(a), given.finish(b, failure), given.finish(b, failure)];
    expect(await Promise.all(told)).toEqual(["recorded", "recorded", "repeated"]);
    expect(await given.states(run)).toMatchObject({ a: "success", b: "failed", c: "queued" });
  });

  test("with four workers and two schedulers no limit is passed, no attempt starts twice, and every run ends", async () => {
    const pool = someId("pool");
    await given.store.tx((tx) => tx.insertPool({ name: pool, slots: 5, description: null, includeDeferred: false }));
    const wide = Array.from({ length: 12 }, (_, index) =>
      task(`t${index}`, ["first"], { pool, poolSlots: (index % 2) + 1, retries: 2, retryDelaySeconds: 0 }),
    );
    const limited = task("limited", ["first"], { maxActivePerDag: 2, retries: 5, retryDelaySeconds: 0 });
    const join = task("join", [...wide.map(({ id }) => id), "limited"].toSorted(), { triggerRule: "all_done" });
    const first = task("first", [], { retries: 5, retryDelaySeconds: 0 });
    const { dag, queue } = await given.publish([first, ...wide, limited, join], {
      maxActiveTasks: 4,
      maxActiveRuns: 3,
    });
    const runs: DagRunRow[] = [];
    for (let number = 0; number < 6; number += 1) runs.push(await given.trigger(dag));

    const book = ledger();
    let isOver = false;
    const over = () => isOver;
    const most = { pool: 0, limited: 0, run: 0, runs: 0 };
    const sample = async () => {
      const [live, running] = await given.store.tx((tx) =>
        Promise.all([
          tx.countLiveSlots({
            executors: [],
            pools: [pool],
            runKeys: runs.map(({ id }) => id),
            tasks: [{ dagId: dag.dagId, taskId: "limited" }],
            runTasks: [],
          }),
          tx.countRunningRuns([dag.dagId]),
        ]),
      );
      most.pool = Math.max(most.pool, live.pools.get(pool) ?? 0);
      most.limited = Math.max(most.limited, live.tasks.get(`${dag.dagId} limited`) ?? 0);
      most.run = Math.max(most.run, ...live.runs.values());
      most.runs = Math.max(most.runs, running.get(dag.dagId) ?? 0);
      return false;
    };
    const servers = [given.under, runsOver(given.store)];
    const taking = [
      ...[0, 1, 2, 3].map((n) =>
        repeat(over, workerOf(servers[n % 2] ?? given.under, book, { queue, answer: mixed, look: sample })),
      ),
      ...servers.map(({ deps }) => repeat(over, () => settle(deps))),
      repeat(over, sample),
    ];
    await repeat(
      () => isOver,
      async () => {
        isOver = await areOver(runs);
        return false;
      },
    );
    await Promise.all(taking);
    expect(book.faults).toEqual([]);
    expect(most.pool).toBeLessThanOrEqual(5);
    expect(most.limited).toBeLessThanOrEqual(2);
    expect(most.run).toBeLessThanOrEqual(4);
    expect(most.runs).toBeLessThanOrEqual(3);
    expect(most.pool).toBeGreaterThan(2);
    for (const run of runs) {
      const rows = await given.store.tx((tx) => tx.listTaskInstances({ runKey: run.id }));
      for (const row of rows) {
        const attempts = await given.store.tx((tx) => tx.listAttempts(row.id));
        expect(attempts.map(({ attempt }) => attempt)).toEqual(attempts.map((_, index) => index + 1));
        expect(attempts.every(({ outcome, endedAt }) => outcome !== null && endedAt !== null)).toBe(true);
        expect(attempts.filter(({ outcome }) => outcome === "succeeded").length).toBe(row.state === "success" ? 1 : 0);
      }
    }
  });

  test("users who clear and mark all the time do not deadlock with schedulers and finishes; in the end every run ends", async () => {
    const tasks = [
      task("a", [], { retries: 1, retryDelaySeconds: 0 }),
      ...["b", "c", "d"].map((id) => task(id, ["a"], { dependsOnPast: id === "b" })),
      task("e", ["b", "c", "d"], { triggerRule: "all_done" }),
    ];
    const { dag, queue } = await given.publish(tasks, { maxActiveRuns: 4, runTimeoutSeconds: 3_000 });
    const runs: DagRunRow[] = [];
    for (let day = 1; day <= 4; day += 1) {
      const at = new Date(Date.UTC(2025, 0, day));
      runs.push(await given.trigger(dag, { logicalDate: at, runAfter: at }));
    }
    const book = ledger();
    const errors: unknown[] = [];
    let isOver = false;
    const over = () => isOver;
    const servers = [given.under, runsOver(given.store)];
    const tolerant = (turn: () => Promise<boolean>) => () =>
      turn().catch((error: unknown) => {
        errors.push(error);
        return false;
      });
    const taking = [
      ...[0, 1, 2].map((n) =>
        repeat(over, tolerant(workerOf(servers[n % 2] ?? given.under, book, { queue, answer: mixed }))),
      ),
      ...servers.map(({ deps }) =>
        repeat(
          over,
          tolerant(() => settle(deps)),
        ),
      ),
      repeat(
        over,
        tolerant(async () => (await rescueExpired(given.under.deps)) + (await failTimedOutRuns(given.under.deps)) > 0),
      ),
    ];
    const clearing = runs.map(async ({ id }) => {
      for (let time = 0; time < 8; time += 1) await clearTasks(given.under.deps, id, { tasks: null });
    });
    const marking = runs.map(async ({ id }, index) => {
      const { deps } = runsOver(given.store);
      for (let time = 0; time < 8; time += 1) {
        const to = (["success", "failed", "skipped"] as const)[(time + index) % 3] ?? "success";
        await markTasks(deps, id, { tasks: [{ taskId: "abcd"[time % 4] ?? "a" }], to });
      }
    });
    await Promise.all([...clearing, ...marking]);
    // A failure in the past holds the runs behind it for good: the last word is that all of it is well.
    await repeat(
      () => isOver,
      async () => {
        for (const { id } of runs) await markTasks(given.under.deps, id, { tasks: [{ taskId: "b" }], to: "success" });
        isOver = await areOver(runs);
        return false;
      },
    );
    await Promise.all(taking);
    expect(errors).toEqual([]);
    expect(book.faults).toEqual([]);
    for (const run of runs) {
      const rows = await given.store.tx((tx) => tx.listTaskInstances({ runKey: run.id }));
      expect(rows.every(({ leaseUntil, state }) => leaseUntil === null || state === "success")).toBe(true);
      const [row] = await given.store.tx((tx) => tx.listRunsByKey([run.id]));
      expect(row?.unfinished).toBe(0);
    }
  });
}
