import { type DagRunState, dagRunStates, isLegalRunMove } from "@airloom/core";
import { expect, test } from "vitest";
import { publish } from "../../factories/publish.ts";
import { someId } from "../../factories/some-id.ts";
import { someNewRun, someRun } from "../../factories/some-run.ts";
import { someSpec } from "../../factories/some-spec.ts";
import { someTaskInstance } from "../../factories/some-task-instance.ts";
import type { StoreUnderTest } from "./store-under-test.ts";

const day = (number: number) => new Date(Date.UTC(2020, 0, number));

export function runPromises(given: StoreUnderTest): void {
  test("a new run is queued and keeps what it was given", async () => {
    const dag = await publish(given.store);
    const wanted = someNewRun(dag, {
      runType: "scheduled",
      logicalDate: day(1),
      intervalStart: day(1),
      intervalEnd: day(2),
      runAfter: day(2),
      conf: { region: "eu", nested: [1, null, { z: 1, a: "\u0000" }] },
      triggeredBy: "timetable",
      triggeringUser: "someone",
      note: "a note",
      unfinished: 3,
    });
    const run = await given.tx((tx) => tx.insertRun(wanted));
    expect(run).toEqual({
      ...wanted,
      id: expect.any(Number),
      number: 1,
      state: "queued",
      queuedAt: expect.any(Date),
      startedAt: null,
      endedAt: null,
      clearNumber: 0,
      lastDecisionAt: null,
      updatedAt: expect.any(Date),
    });
    expect(await given.tx((tx) => tx.findRun(dag.dagId, wanted.runId))).toEqual(run);
    expect(await given.tx((tx) => tx.findRun(someId("dag"), wanted.runId))).toBeNull();
    expect(await given.tx((tx) => tx.findRun(dag.dagId, someId("run")))).toBeNull();
  });

  test("a Dag has each run id and each logical date once; others may have them too", async () => {
    const [dag, other] = [await publish(given.store), await publish(given.store)];
    const wanted = someNewRun(dag, { logicalDate: day(1) });
    const insert = (run: typeof wanted) => given.tx((tx) => tx.insertRun(run));
    expect(await insert(wanted)).not.toBeNull();
    expect(await insert({ ...wanted, logicalDate: day(2) })).toBeNull();
    expect(await insert({ ...wanted, runId: someId("run") })).toBeNull();
    expect(await insert({ ...wanted, dagId: other.dagId, versionId: other.versionId })).not.toBeNull();
    for (let made = 0; made < 2; made += 1) expect(await insert(someNewRun(dag))).not.toBeNull();
  });

  test("a refused run writes nothing, and its id is still free", async () => {
    const dag = await publish(given.store);
    const runId = someId("run");
    const dated = someNewRun(dag, { logicalDate: day(1) });
    await given.tx((tx) => tx.insertRun(dated));
    const refused = await given.tx(async (tx) => [
      await tx.insertRun({ ...dated, runId }),
      await tx.findRun(dag.dagId, runId),
      await tx.insertRun(someNewRun(dag, { runId })),
    ]);
    expect(refused).toEqual([null, null, expect.objectContaining({ runId })]);
  });

  test("the runs of a Dag have growing numbers, and none is given twice", async () => {
    const dag = await publish(given.store);
    const [first, second] = [await someRun(given.store, { dag }), await someRun(given.store, { dag })];
    await given.tx((tx) => tx.deleteRun(second.id));
    const third = await someRun(given.store, { dag });
    expect(first.number).toBe(1);
    expect(second.number).toBeGreaterThan(first.number);
    expect(third.number).toBeGreaterThan(second.number);
    expect((await someRun(given.store)).number).toBe(1);
  });

  test("who inserts a run that another is inserting waits for the other's end", async () => {
    for (const end of ["commit", "rollback"] as const) {
      const dag = await publish(given.store);
      const wanted = someNewRun(dag, { logicalDate: day(1) });
      const [first, second] = [await given.open(), await given.open()];
      expect(await first.tx.insertRun(wanted)).not.toBeNull();
      const late = second.tx.insertRun({ ...wanted, runId: someId("run") });
      expect(await given.waits(late)).toBe(true);
      await first[end]();
      expect((await late) === null).toBe(end === "commit");
      await second.commit();
    }
  });

  test("a new run keeps its Dag locked until the end, and the next one of the Dag waits", async () => {
    const dag = await publish(given.store);
    const [first, second] = [await given.open(), await given.open()];
    await first.tx.insertRun(someNewRun(dag));
    expect(await second.tx.lockDags([dag.dagId], { wait: false })).toBeNull();
    const late = second.tx.insertRun(someNewRun(dag));
    expect(await given.waits(late)).toBe(true);
    await first.commit();
    expect((await late)?.number).toBeGreaterThan(1);
  });

  test("a run of an unknown Dag or version throws", async () => {
    const dag = await publish(given.store);
    const unknown = someNewRun({ ...dag, dagId: someId("dag") });
    await expect(given.tx((tx) => tx.insertRun(unknown))).rejects.toThrow();
    const unversioned = someNewRun({ ...dag, versionId: someId("version") });
    await expect(given.tx((tx) => tx.insertRun(unversioned))).rejects.toThrow();
  });

  test.each(dagRunStates)(
    "from %s a run makes every legal move, its times follow, and an illegal one throws",
    async (from) => {
      for (const to of dagRunStates) {
        const run = await someRun(given.store, { state: from });
        const move = given.tx(async (tx) => {
          const row = await tx.moveRun({ runKey: run.id, from, to });
          return [tx.now, row] as const;
        });
        if (!isLegalRunMove(from, to)) {
          await expect(move, `${from} to ${to}`).rejects.toThrow(/illegal/i);
          expect(await given.tx((tx) => tx.listRunsByKey([run.id]))).toEqual([run]);
          continue;
        }
        const [now, moved] = await move;
        expect(moved).toMatchObject({ id: run.id, state: to, clearNumber: 0, versionId: run.versionId });
        if (moved) expectTimes(moved, { run, to, now });
        expect(await given.tx((tx) => tx.listRunsByKey([run.id]))).toEqual([moved]);
      }
    },
  );

  test("a stale move of a run gives null", async () => {
    const run = await someRun(given.store, { state: "success" });
    expect(await given.tx((tx) => tx.moveRun({ runKey: run.id, from: "running", to: "failed" }))).toBeNull();
    expect(await given.tx((tx) => tx.moveRun({ runKey: -1, from: "running", to: "failed" }))).toBeNull();
    expect(await given.tx((tx) => tx.listRunsByKey([run.id, -1]))).toEqual([run]);
  });

  test("of two that move a run, one succeeds", async () => {
    const run = await someRun(given.store);
    const [first, second] = [await given.open(), await given.open()];
    expect(await first.tx.moveRun({ runKey: run.id, from: "running", to: "success" })).not.toBeNull();
    const late = second.tx.moveRun({ runKey: run.id, from: "running", to: "failed" });
    expect(await given.waits(late)).toBe(true);
    await first.commit();
    expect(await late).toBeNull();
  });

  test("a clear counts, and may pin the run to another version", async () => {
    const dag = await publish(given.store);
    const run = await someRun(given.store, { dag, state: "failed" });
    const again = await publish(given.store, someSpec({ dagId: dag.dagId, description: "changed" }));
    expect(again.versionId).not.toBe(run.versionId);
    const moved = await given.tx((tx) =>
      tx.moveRun({ runKey: run.id, from: "failed", to: "queued", clear: true, versionId: again.versionId }),
    );
    expect(moved).toMatchObject({ clearNumber: 1, versionId: again.versionId });
  });

  test("unfinished adds up and stamps the decision; a note is set and taken away", async () => {
    const runs = [
      await someRun(given.store, { unfinished: 4 }),
      await someRun(given.store, { unfinished: 4 }),
    ] as const;
    await given.tx((tx) =>
      tx.adjustUnfinished([
        { runKey: runs[1].id, delta: -4 },
        { runKey: runs[0].id, delta: 2 },
        { runKey: -1, delta: 1 },
      ]),
    );
    await given.tx((tx) => tx.setRunNote(runs[0].id, "look at this"));
    const after = await given.tx((tx) => tx.listRunsByKey([runs[1].id, runs[0].id]));
    expect(after).toMatchObject([
      { id: runs[0].id, unfinished: 6, note: "look at this" },
      { unfinished: 0, note: null },
    ]);
    expect(after[0]?.lastDecisionAt).toBeInstanceOf(Date);
    await given.tx((tx) => tx.setRunNote(runs[0].id, null));
    expect(await given.tx((tx) => tx.listRunsByKey([runs[0].id]))).toMatchObject([{ note: null }]);
  });

  test("a deleted run is gone with all it had", async () => {
    const run = await someRun(given.store, { logicalDate: day(1) });
    const row = await someTaskInstance(given.store, { run, state: "running" });
    const tally = { taskId: row.taskId, total: 1, success: 0, failed: 0, upstreamFailed: 0, skipped: 0, removed: 0 };
    const place = { runKey: run.id, taskId: row.taskId, mapIndex: -1, key: "k" };
    await given.tx(async (tx) => {
      await tx.insertTallies(run.id, [tally]);
      await tx.putExclusion(run.id, row.taskId, ["x"]);
      await tx.putXComs([{ ...place, value: Uint8Array.of(1), elements: null, length: null }]);
      await tx.appendLogs(row.id, [
        { attempt: 1, seq: 1, ts: 0, level: "info", source: "task", msg: "m", fields: null, group: null },
      ]);
      await tx.wakeRuns([run.id], "test");
    });
    expect(await given.tx((tx) => tx.deleteRun(run.id))).toBe(true);
    expect(await given.tx((tx) => tx.deleteRun(run.id))).toBe(false);
    const left = await given.tx((tx) =>
      Promise.all([
        tx.findRun(run.dagId, run.runId),
        tx.findTaskInstance(row.id),
        tx.listTallies(run.id),
        tx.listExclusions(run.id),
        tx.findXCom(place),
        tx.findAttempt(row.id, 1),
        tx.listLogs({ taskInstanceId: row.id, attempts: [1], limit: 9 }),
        tx.takeWakeups(1_000).then((keys) => keys.includes(run.id)),
      ]),
    );
    expect(left).toEqual([null, null, [], [], null, null, [], false]);
    const dag = await given.tx((tx) => tx.findDag(run.dagId));
    expect(dag && (await someRun(given.store, { dag, runId: run.runId, logicalDate: day(1) }))).toMatchObject({
      runId: run.runId,
    });
  });

  test("queued runs that are due start oldest first, not those of paused Dags", async () => {
    const [dag, paused] = [
      await publish(given.store),
      await publish(given.store, someSpec(), { pausedUponCreation: true }),
    ];
    const queued = (runAfter: Date) => someRun(given.store, { dag, state: "queued", runAfter });
    const [second, first] = [
      await queued(new Date("1999-01-02T00:00:00Z")),
      await queued(new Date("1999-01-01T00:00:00Z")),
    ];
    const third = await queued(new Date("1999-01-02T00:00:00Z"));
    const future = await queued(new Date("2100-01-01T00:00:00Z"));
    const running = await someRun(given.store, { dag });
    const held = await someRun(given.store, { dag: paused, state: "queued" });
    await given.tx((tx) => tx.keepDagsOfFile(dag.file, []));
    const own = new Set([second, first, third, future, running, held].map((run) => run.id));
    const startable = (await given.tx((tx) => tx.listStartableRuns(1_000))).filter((run) => own.has(run.id));
    expect(startable).toEqual([first, second, third]);
    expect(await given.tx((tx) => tx.listStartableRuns(1))).toHaveLength(1);
  });

  test("queued runs of a Dag that runs as many as it may are not startable, until one ends", async () => {
    const dag = await publish(given.store, someSpec({ maxActiveRuns: 2 }));
    const [running, queued] = [
      await someRun(given.store, { dag }),
      await someRun(given.store, { dag, state: "queued" }),
    ];
    const startable = async () =>
      (await given.tx((tx) => tx.listStartableRuns(1_000))).filter((run) => run.dagId === dag.dagId);
    expect(await startable()).toEqual([queued]);
    await someRun(given.store, { dag });
    expect(await startable()).toEqual([]);
    await given.tx((tx) => tx.moveRun({ runKey: running.id, from: "running", to: "success" }));
    expect(await startable()).toEqual([queued]);
  });

  test("running and active runs are counted per Dag, and the running ones listed", async () => {
    const dags = [await publish(given.store), await publish(given.store), await publish(given.store)] as const;
    for (const state of ["running", "running", "queued", "success", "failed"] as const)
      await someRun(given.store, { dag: dags[0], state });
    await someRun(given.store, { dag: dags[1], state: "queued" });
    const ids = dags.slice(0, 2).map((dag) => dag.dagId);
    await someRun(given.store, { dag: dags[2] });
    const [running, active] = await given.tx((tx) => Promise.all([tx.countRunningRuns(ids), tx.countActiveRuns(ids)]));
    expect(dags.map((dag) => running.get(dag.dagId) ?? 0)).toEqual([2, 0, 0]);
    expect(dags.map((dag) => active.get(dag.dagId) ?? 0)).toEqual([3, 1, 0]);
    const listed = await given.tx((tx) => tx.listRunningRuns([...ids, ids[0] ?? ""]));
    expect(listed).toHaveLength(2);
    expect(listed).toEqual([...listed].sort((a, b) => a - b));
  });

  test("a running run is timed out when its version's limit is over", async () => {
    const started = async (runTimeoutSeconds: number | null, state: DagRunState = "running") =>
      (await someRun(given.store, { dag: await publish(given.store, someSpec({ runTimeoutSeconds })), state })).id;
    const [over, unlimited, long, queued] = [
      await started(0),
      await started(null),
      await started(3_600),
      await started(0, "queued"),
    ];
    const own = new Set([over, unlimited, long, queued]);
    expect((await given.tx((tx) => tx.listTimedOutRuns(1_000))).filter((key) => own.has(key))).toEqual([over]);
  });

  test("recent outcomes are those of finished runs, newest first", async () => {
    const dag = await publish(given.store);
    const states = ["failed", "success", "failed", "running", "success"] as const;
    for (const [index, state] of states.entries()) await someRun(given.store, { dag, state, runAfter: day(index + 1) });
    expect(await given.tx((tx) => tx.listRecentOutcomes(dag.dagId, 3))).toEqual(["success", "failed", "success"]);
    expect(await given.tx((tx) => tx.listRecentOutcomes(dag.dagId, 10))).toEqual([
      "success",
      "failed",
      "success",
      "failed",
    ]);
    expect(await given.tx((tx) => tx.listRecentOutcomes(someId("dag"), 3))).toEqual([]);
  });
}

type Times = Pick<Awaited<ReturnType<typeof someRun>>, "queuedAt" | "startedAt" | "endedAt">;

function expectTimes(
  moved: Times,
  { run, to, now }: { readonly run: Times; readonly to: DagRunState; readonly now: Date },
): void {
  if (to === "queued") {
    expect(moved.queuedAt.getTime()).toBeGreaterThanOrEqual(now.getTime());
    expect([moved.startedAt, moved.endedAt]).toEqual([null, null]);
    return;
  }
  expect(moved.queuedAt).toEqual(run.queuedAt);
  if (to === "running") expect(moved.startedAt?.getTime()).toBeGreaterThanOrEqual(now.getTime());
  else expect(moved.startedAt).toEqual(run.startedAt);
  if (to === "running") expect(moved.endedAt).toBeNull();
  else expect(moved.endedAt?.getTime()).toBeGreaterThanOrEqual(now.getTime());
}
