import { type DagRunState, dagRunMoves, dagRunStates } from "@airloom/core";
import type { TallyRow } from "@airloom/store";
import fc from "fast-check";
import { operation } from "./operation.ts";
import { dagIds, dagOf, newRun, runIds, runOf, taskIds } from "./world.ts";

const dag = fc.nat({ max: dagIds.length - 1 });
const place = fc.record({ dag, run: fc.nat({ max: runIds.length - 1 }) });
const someDags = fc.subarray([...dagIds]);
const taskId = fc.constantFrom(...taskIds);
const someTasks = fc.subarray([...taskIds]);
const limit = fc.integer({ min: 1, max: 4 });

const counts = fc.record({
  total: fc.integer({ min: -2, max: 2 }),
  success: fc.nat({ max: 2 }),
  failed: fc.nat({ max: 2 }),
  upstreamFailed: fc.constant(0),
  skipped: fc.nat({ max: 1 }),
  removed: fc.constant(0),
});
const tallies: fc.Arbitrary<readonly TallyRow[]> = fc
  .tuple(someTasks, counts)
  .map(([tasks, given]) => tasks.map((id) => ({ taskId: id, ...given })));

const givenRun = fc.record({
  place,
  date: fc.option(fc.constantFrom(1, 2, 3)),
  year: fc.constantFrom(1990, 1991, 2100),
});

export const runOperations = [
  operation("insertRun", givenRun, async (tx, { place: at, date, year }, world) => {
    const known = await tx.findDag(dagOf(at));
    if (!known) return "no Dag";
    const runAfter = new Date(Date.UTC(year, 0, 1 + at.run));
    const logicalDate = date === null ? null : new Date(Date.UTC(1980, 0, date));
    const row = await tx.insertRun(newRun(known, { at, runAfter, logicalDate }));
    if (row) world.remember(at, row.id);
    // Numbers may have gaps, and each store its own.
    return row && { ...row, versionId: null, number: null };
  }),
  operation("findRun", place, async (tx, at) => {
    const row = await tx.findRun(dagOf(at), runOf(at));
    return row && { ...row, versionId: null, number: null };
  }),
  operation("lockRuns", fc.array(place, { maxLength: 3 }), async (tx, places, world) =>
    (await tx.lockRuns(places.map((at) => world.keyOf(at)))).map((row) => [row.runId, row.state, row.unfinished]),
  ),
  operation(
    "moveRun",
    fc.record({ place, pick: fc.nat({ max: 5 }), clear: fc.boolean() }),
    async (tx, given, world) => {
      const runKey = world.keyOf(given.place);
      const [row] = await tx.listRunsByKey([runKey]);
      const from: DagRunState = row?.state ?? "queued";
      // Mostly a legal move, sometimes from a state that it may not have.
      const legal: readonly DagRunState[] = dagRunMoves[from];
      const to = legal[given.pick % legal.length] ?? "running";
      const stale = given.pick === 5 ? (dagRunStates.find((state) => state !== to && state !== from) ?? from) : from;
      const moved = await tx.moveRun({ runKey, from: stale, to, clear: given.clear });
      return moved && { ...moved, versionId: null, number: null };
    },
  ),
  operation("adjustUnfinished", fc.record({ place, delta: fc.integer({ min: -2, max: 3 }) }), (tx, given, world) =>
    tx.adjustUnfinished([{ runKey: world.keyOf(given.place), delta: given.delta }]),
  ),
  operation("setRunNote", fc.record({ place, note: fc.option(fc.string({ maxLength: 5 })) }), (tx, given, world) =>
    tx.setRunNote(world.keyOf(given.place), given.note?.replaceAll("\u0000", "") ?? null),
  ),
  operation("deleteRun", place, (tx, at, world) => tx.deleteRun(world.keyOf(at))),
  operation("listStartableRuns", limit, async (tx, max) =>
    (await tx.listStartableRuns(max)).map((row) => [row.dagId, row.runId]),
  ),
  operation("countRuns", someDags, (tx, ids) =>
    Promise.all([tx.countRunningRuns(ids), tx.countActiveRuns(ids), tx.listRunningRuns(ids)]),
  ),
  operation("listRecentOutcomes", fc.record({ dag, limit }), (tx, given) =>
    tx.listRecentOutcomes(dagOf(given), given.limit),
  ),
  operation("insertTallies", fc.record({ place, tallies }), async (tx, given, world) => {
    const runKey = world.keyOf(given.place);
    const there = new Set((await tx.listTallies(runKey)).map((tally) => tally.taskId));
    await tx.insertTallies(
      runKey,
      given.tallies.filter((tally) => !there.has(tally.taskId)),
    );
  }),
  operation("addTallies", fc.record({ place, tallies }), (tx, given, world) =>
    tx.addTallies(world.keyOf(given.place), given.tallies),
  ),
  operation("listTallies", fc.record({ place, tasks: fc.option(someTasks) }), (tx, given, world) =>
    tx.listTallies(world.keyOf(given.place), given.tasks ?? undefined),
  ),
  operation(
    "recountRun",
    fc.record({ place, pairs: fc.uniqueArray(fc.tuple(taskId, taskId), { selector: String }) }),
    async (tx, given, world) => {
      const runKey = world.keyOf(given.place);
      if ((await tx.lockRuns([runKey])).length === 0) return "no run";
      const [tasks, upstreams] = [given.pairs.map(([task]) => task), given.pairs.map(([, upstream]) => upstream)];
      await tx.recountRun(runKey, { tasks, upstreams });
      return Promise.all([tx.listTallies(runKey), tx.lockRuns([runKey]).then(([row]) => row?.unfinished)]);
    },
  ),
  operation("putExclusion", fc.record({ place, taskId, excluded: someTasks }), (tx, given, world) =>
    tx.putExclusion(world.keyOf(given.place), given.taskId, given.excluded),
  ),
  operation("listExclusions", place, (tx, at, world) => tx.listExclusions(world.keyOf(at))),
  operation("deleteExclusions", fc.record({ place, tasks: someTasks }), (tx, given, world) =>
    tx.deleteExclusions(world.keyOf(given.place), given.tasks),
  ),
  operation("listPastStates", place, (tx, at, world) => tx.listPastStates(world.keyOf(at), taskIds)),
  operation("wakeRuns", fc.array(place, { maxLength: 3 }), (tx, places, world) =>
    tx.wakeRuns(
      places.map((at) => world.keyOf(at)),
      "test",
    ),
  ),
  operation("takeWakeups", limit, async (tx, max, world) =>
    // Sorted by key; the keys of two stores need not be in the same order.
    (await tx.takeWakeups(max)).map((key) => world.nameOfKey(key)).toSorted(),
  ),
];
