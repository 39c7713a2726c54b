import { finishedStates, isLegalMove, type TaskInstanceState, taskInstanceStates } from "@airloom/core";
import { expect, test } from "vitest";
import { someId } from "../../factories/some-id.ts";
import { someRun } from "../../factories/some-run.ts";
import { someNewTaskInstance, someTaskInstance } from "../../factories/some-task-instance.ts";
import type { StoreUnderTest } from "./store-under-test.ts";

const finished: ReadonlySet<string> = new Set(finishedStates);

export function doorPromises(given: StoreUnderTest): void {
  test("a new instance has state none, attempt 0, try 0, no times and no lease", async () => {
    const run = await someRun(given.store);
    const wanted = someNewTaskInstance(run, { taskId: "load", priority: 7, poolSlots: 2, maxTries: 3 });
    await given.tx((tx) => tx.insertTaskInstances([wanted]));
    expect(await given.tx((tx) => tx.findTaskInstance(wanted.id))).toEqual({
      ...wanted,
      state: "none",
      attempt: 0,
      tryNumber: 0,
      losses: 0,
      nextDueAt: null,
      leaseUntil: null,
      tokenHash: null,
      workerId: null,
      scheduledAt: null,
      queuedAt: null,
      startedAt: null,
      endedAt: null,
      code: null,
      note: null,
      updatedAt: expect.any(Date),
    });
  });

  test("a run has one instance per task and map index", async () => {
    const row = await someTaskInstance(given.store, { mapIndex: 3 });
    const [run] = await given.tx((tx) => tx.listRunsByKey([row.runKey]));
    if (!run) throw new Error("no run");
    const again = someNewTaskInstance(run, { taskId: row.taskId, mapIndex: 3 });
    await expect(given.tx((tx) => tx.insertTaskInstances([again]))).rejects.toThrow();
    await given.tx((tx) => tx.insertTaskInstances([{ ...again, mapIndex: 4 }]));
    const moved = { id: again.id, from: "none", attempt: 0, to: "scheduled", set: { mapIndex: 3 } } as const;
    await expect(given.tx((tx) => tx.moveTaskInstances([moved]))).rejects.toThrow();
  });

  test("instances are listed by task and map index, of some tasks or unfinished ones if asked", async () => {
    const run = await someRun(given.store);
    const places = [
      ["b", 10],
      ["b", 2],
      ["a", -1],
      ["B", -1],
      ["c", -1],
    ] as const;
    for (const [taskId, mapIndex] of places) await someTaskInstance(given.store, { run, taskId, mapIndex });
    await someTaskInstance(given.store, { run, taskId: "d", state: "skipped" });
    const list = async (filter: { taskIds?: readonly string[]; unfinishedOnly?: boolean }) =>
      (await given.tx((tx) => tx.listTaskInstances({ runKey: run.id, ...filter }))).map((row) => [
        row.taskId,
        row.mapIndex,
      ]);
    const unfinished = [
      ["B", -1],
      ["a", -1],
      ["b", 2],
      ["b", 10],
      ["c", -1],
    ];
    expect(await list({})).toEqual([...unfinished, ["d", -1]]);
    expect(await list({ unfinishedOnly: true })).toEqual(unfinished);
    expect(await list({ taskIds: ["c", "b", "missing"] })).toEqual([
      ["b", 2],
      ["b", 10],
      ["c", -1],
    ]);
    expect(await list({ taskIds: [] })).toEqual([]);
  });

  test.each(taskInstanceStates)(
    "from %s every legal move happens, and its times follow from the state",
    async (from) => {
      for (const to of taskInstanceStates.filter((state) => isLegalMove(from, state) && state !== "running")) {
        const row = await someTaskInstance(given.store, { state: from });
        const [now, moved] = await given.tx(async (tx) => {
          const rows = await tx.moveTaskInstances([{ id: row.id, from, attempt: row.attempt, to }]);
          return [tx.now, rows] as const;
        });
        expect(moved, `${from} to ${to}`).toHaveLength(1);
        const after = moved[0];
        if (!after) continue;
        expect(after).toEqual(await given.tx((tx) => tx.findTaskInstance(row.id)));
        expect(after).toMatchObject({
          state: to,
          attempt: row.attempt + (to === "queued" ? 1 : 0),
          tryNumber: row.tryNumber,
        });
        expect(after.endedAt !== null, `${from} to ${to}: endedAt`).toBe(finished.has(to));
        for (const time of stamped(to)) expect(after[time]?.getTime()).toBeGreaterThanOrEqual(now.getTime());
        for (const time of emptied(to)) expect(after[time], `${from} to ${to}: ${time}`).toBeNull();
        if (!["none", "scheduled", "queued"].includes(to)) expect(after.startedAt).toEqual(row.startedAt);
      }
    },
  );

  test.each(taskInstanceStates)(
    "from %s an illegal move throws and changes nothing, also what stands beside it",
    async (from) => {
      const row = await someTaskInstance(given.store, { state: from });
      const beside = await someTaskInstance(given.store);
      for (const to of taskInstanceStates.filter((state) => !isLegalMove(from, state))) {
        const moves = [
          { id: beside.id, from: "none", attempt: 0, to: "scheduled" },
          { id: row.id, from, attempt: row.attempt, to },
        ] as const;
        await expect(
          given.tx((tx) => tx.moveTaskInstances(moves)),
          `${from} to ${to}`,
        ).rejects.toThrow(/illegal/i);
      }
      expect(await given.tx((tx) => tx.findTaskInstance(row.id))).toEqual(row);
      expect(await given.tx((tx) => tx.findTaskInstance(beside.id))).toEqual(beside);
    },
  );

  test("an illegal move throws even when it is stale", async () => {
    const row = await someTaskInstance(given.store, { state: "scheduled" });
    const move = { id: row.id, from: "success", attempt: 4, to: "queued" } as const;
    await expect(given.tx((tx) => tx.moveTaskInstances([move]))).rejects.toThrow(/illegal/i);
  });

  test("nothing becomes running but by a claim", async () => {
    const row = await someTaskInstance(given.store, { state: "queued" });
    const move = { id: row.id, from: "queued", attempt: row.attempt, to: "running" } as const;
    await expect(given.tx((tx) => tx.moveTaskInstances([move]))).rejects.toThrow(/illegal/i);
  });

  test("a stale move is dropped, the others of the same call happen", async () => {
    const run = await someRun(given.store);
    const [wrongState, wrongAttempt, fits] = [
      await someTaskInstance(given.store, { run, state: "scheduled" }),
      await someTaskInstance(given.store, { run, state: "queued" }),
      await someTaskInstance(given.store, { run, state: "queued" }),
    ];
    const moved = await given.tx((tx) =>
      tx.moveTaskInstances([
        { id: wrongState.id, from: "none", attempt: 0, to: "skipped" },
        { id: wrongAttempt.id, from: "queued", attempt: 0, to: "skipped" },
        { id: fits.id, from: "queued", attempt: 1, to: "skipped" },
        { id: someId("missing"), from: "none", attempt: 0, to: "skipped" },
      ]),
    );
    expect(moved.map((row) => row.id)).toEqual([fits.id]);
    expect(await given.tx((tx) => tx.findTaskInstance(wrongState.id))).toEqual(wrongState);
    expect(await given.tx((tx) => tx.findTaskInstance(wrongAttempt.id))).toEqual(wrongAttempt);
  });

  test("a move with a token hash happens only to the holder of that token", async () => {
    const row = await someTaskInstance(given.store, { state: "running", claim: { tokenHashes: ["mine"] } });
    const move = { id: row.id, from: "running", attempt: 1, to: "success" } as const;
    expect(await given.tx((tx) => tx.moveTaskInstances([{ ...move, tokenHash: "another" }]))).toEqual([]);
    expect(await given.tx((tx) => tx.moveTaskInstances([{ ...move, tokenHash: "mine" }]))).toHaveLength(1);
    expect(await given.tx((tx) => tx.moveTaskInstances([{ ...move, tokenHash: "mine" }]))).toEqual([]);
  });

  test("attempt grows by one at each move to queued and never falls", async () => {
    const row = await someTaskInstance(given.store);
    const walk = async (path: readonly TaskInstanceState[]) => {
      const attempts: number[] = [];
      for (const to of path) {
        const now = await given.tx((tx) => tx.findTaskInstance(row.id));
        if (!now) throw new Error("gone");
        const moved = await given.tx((tx) =>
          tx.moveTaskInstances([{ id: row.id, from: now.state, attempt: now.attempt, to }]),
        );
        attempts.push(moved[0]?.attempt ?? -1);
      }
      return attempts;
    };
    const path: readonly TaskInstanceState[] = [
      "scheduled",
      "queued",
      "scheduled",
      "queued",
      "success",
      "none",
      "scheduled",
      "queued",
    ];
    expect(await walk(path)).toEqual([0, 1, 1, 2, 2, 2, 2, 3]);
  });

  test("a move sets what it is told to and leaves the rest", async () => {
    const row = await someTaskInstance(given.store, { maxTries: 2 });
    const due = new Date("2100-01-01T00:00:00.123Z");
    const set = { tryNumber: 4, maxTries: 5, losses: 1, mapIndex: 0, nextDueAt: due, code: "lost" };
    const [first] = await given.tx((tx) =>
      tx.moveTaskInstances([{ id: row.id, from: "none", attempt: 0, to: "scheduled", set }]),
    );
    expect(first).toMatchObject(set);
    const [second] = await given.tx((tx) =>
      tx.moveTaskInstances([{ id: row.id, from: "scheduled", attempt: 0, to: "queued" }]),
    );
    expect(second).toMatchObject(set);
    const cleared = { nextDueAt: null, code: null };
    const [third] = await given.tx((tx) =>
      tx.moveTaskInstances([{ id: row.id, from: "queued", attempt: 1, to: "none", set: cleared }]),
    );
    expect(third).toMatchObject({ ...set, ...cleared });
  });

  test("a move drops lease, token and worker, unless told that the attempt may still be alive", async () => {
    const dropped = await someTaskInstance(given.store, { state: "running" });
    const kept = await someTaskInstance(given.store, { state: "running" });
    const moves = [
      { id: dropped.id, from: "running", attempt: 1, to: "failed" },
      { id: kept.id, from: "running", attempt: 1, to: "restarting", set: { dropLease: false } },
    ] as const;
    await given.tx((tx) => tx.moveTaskInstances(moves));
    const [after, held] = await given.tx((tx) =>
      Promise.all([tx.findTaskInstance(dropped.id), tx.findTaskInstance(kept.id)]),
    );
    expect(after).toMatchObject({ leaseUntil: null, tokenHash: null, workerId: null });
    expect(held).toMatchObject({ leaseUntil: kept.leaseUntil, tokenHash: kept.tokenHash, workerId: kept.workerId });
    const on = await given.tx((tx) =>
      tx.moveTaskInstances([{ id: kept.id, from: "restarting", attempt: 1, to: "none", set: { dropLease: false } }]),
    );
    expect(on).toMatchObject([{ leaseUntil: kept.leaseUntil, tokenHash: kept.tokenHash }]);
  });

  test("a note stands on an instance without moving it, and can be taken away", async () => {
    const row = await someTaskInstance(given.store, { state: "running" });
    const other = await someTaskInstance(given.store);
    await given.tx((tx) => tx.setTaskInstanceNotes([row.id, "gone"], "look at this"));
    const noted = await given.tx((tx) => tx.findTaskInstance(row.id));
    expect(noted).toEqual({ ...row, note: "look at this", updatedAt: expect.any(Date) });
    expect((await given.tx((tx) => tx.findTaskInstance(other.id)))?.note).toBeNull();
    await given.tx((tx) => tx.setTaskInstanceNotes([row.id], null));
    expect((await given.tx((tx) => tx.findTaskInstance(row.id)))?.note).toBeNull();
  });
}

type Time = "scheduledAt" | "queuedAt" | "startedAt" | "endedAt";

function stamped(to: TaskInstanceState): readonly Time[] {
  if (finished.has(to)) return ["endedAt"];
  if (to === "scheduled") return ["scheduledAt"];
  return to === "queued" ? ["queuedAt"] : [];
}

function emptied(to: TaskInstanceState): readonly Time[] {
  if (to === "none") return ["scheduledAt", "queuedAt", "startedAt", "endedAt"];
  if (to === "scheduled") return ["queuedAt", "startedAt", "endedAt"];
  return to === "queued" ? ["startedAt", "endedAt"] : [];
}
