import { type TaskInstanceState, taskInstanceMoves } from "@airloom/core";
import type { TaskInstanceMove, TaskInstanceRow, Tx } from "@airloom/store";
import fc from "fast-check";
import { operation, sortedBy } from "./operation.ts";
import {
  dagIds,
  type InstancePlace,
  instanceIdOf,
  newInstance,
  poolNames,
  queues,
  runIds,
  taskIds,
  tokens,
} from "./world.ts";

const place = fc.record({
  dag: fc.nat({ max: dagIds.length - 1 }),
  run: fc.nat({ max: runIds.length - 1 }),
});
const instance = fc.record({
  dag: fc.nat({ max: dagIds.length - 1 }),
  run: fc.nat({ max: runIds.length - 1 }),
  task: fc.nat({ max: taskIds.length - 1 }),
});
const leaseMs = fc.constantFrom(0, 3_600_000);
const limit = fc.integer({ min: 1, max: 4 });

const move = fc.record({
  instance,
  pick: fc.nat({ max: 11 }),
  dropLease: fc.boolean(),
  code: fc.option(fc.constantFrom("lost", "trigger_rule")),
  due: fc.option(fc.constantFrom(1990, 2100)),
});
type GivenMove = typeof move extends fc.Arbitrary<infer Given> ? Given : never;

/** A move that fits the row as it is now; one pick in twelve is stale. `running` is reached by claims alone. */
async function fittingMove(tx: Tx, given: GivenMove): Promise<TaskInstanceMove | null> {
  const row = await tx.findTaskInstance(instanceIdOf(given.instance));
  if (!row) return null;
  const legal = (taskInstanceMoves[row.state] as readonly TaskInstanceState[]).filter((state) => state !== "running");
  const to = legal[given.pick % legal.length];
  if (!to) return null;
  const attempt = row.attempt + (given.pick === 11 ? 1 : 0);
  const nextDueAt = given.due === null ? null : new Date(Date.UTC(given.due, 0, 1));
  const set = { dropLease: given.dropLease, code: given.code, nextDueAt, losses: given.pick };
  return { id: row.id, from: row.state, attempt, to, set };
}

const ids = (rows: readonly TaskInstanceRow[]) => rows.map((row) => row.id);

/** Leases of instances as they are, or of an attempt that is not theirs. */
async function attemptKeys(tx: Tx, places: readonly InstancePlace[], later: number) {
  const rows = await Promise.all(places.map((at) => tx.findTaskInstance(instanceIdOf(at))));
  return rows.flatMap((row) =>
    row ? [{ taskInstanceId: row.id, attempt: row.attempt + later, tokenHash: row.tokenHash ?? "" }] : [],
  );
}
const someInstances = fc.uniqueArray(instance, { maxLength: 3, selector: instanceIdOf });
const later = fc.constantFrom(0, 0, 0, 1);

export const taskInstanceOperations = [
  operation(
    "insertTaskInstances",
    fc.record({
      instance,
      mapIndex: fc.constantFrom(-1, 0),
      pool: fc.constantFrom(...poolNames),
      queue: fc.constantFrom(...queues),
      careful: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
    }),
    async (tx, { instance: at, mapIndex, pool, queue, careful }, world) => {
      const inserted = newInstance(at, { runKey: world.keyOf(at), mapIndex, pool, queue });
      const fits = (await tx.listRunsByKey([inserted.runKey])).length > 0 && !(await tx.findTaskInstance(inserted.id));
      // A refused insert ends its transaction: seldom enough that most of them get far.
      if (careful && !fits) return;
      return tx.insertTaskInstances([inserted]);
    },
  ),
  operation(
    "moveTaskInstances",
    fc.uniqueArray(move, { maxLength: 3, selector: (one) => instanceIdOf(one.instance) }),
    async (tx, given) => {
      const moves = await Promise.all(given.map((one) => fittingMove(tx, one)));
      return sortedBy(await tx.moveTaskInstances(moves.filter((one) => one !== null)), (row) => row.id);
    },
  ),
  operation("listTaskInstances", fc.record({ place, unfinishedOnly: fc.boolean() }), (tx, given, world) =>
    tx.listTaskInstances({ runKey: world.keyOf(given.place), unfinishedOnly: given.unfinishedOnly }),
  ),
  operation(
    "listCandidates",
    fc.record({
      limit,
      perRun: fc.integer({ min: 1, max: 2 }),
      full: fc.subarray([...poolNames]),
      not: fc.array(place, { maxLength: 1 }),
    }),
    async (tx, given, world) =>
      ids(
        await tx.listCandidates({
          limit: given.limit,
          perRun: given.perRun,
          excludePools: given.full,
          excludeRunKeys: given.not.map((at) => world.keyOf(at)),
        }),
      ),
  ),
  operation(
    "claimQueued",
    fc.record({ queues: fc.subarray([...queues], { minLength: 1 }), hash: fc.constantFrom(...tokens), leaseMs }),
    async (tx, { hash, ...given }) => {
      if ((await tx.findClaimed([hash])).length > 0) return "holds one";
      const options = { executor: "local", workerId: "agree_worker", tokenHashes: [hash], warmArtifacts: [], ...given };
      return (await tx.claimQueued(options)).map((row) => ({ ...row, versionId: null, run: row.run.runId }));
    },
  ),
  operation("findClaimed", fc.subarray([...tokens]), async (tx, hashes) =>
    sortedBy(ids(await tx.findClaimed(hashes)), (id) => id),
  ),
  operation("extendLeases", fc.record({ someInstances, later, leaseMs }), async (tx, given) => {
    const keys = await attemptKeys(tx, given.someInstances, given.later);
    return sortedBy(await tx.extendLeases(keys, given.leaseMs), (one) => one.taskInstanceId);
  }),
  operation("endLeases", fc.record({ someInstances, later }), async (tx, given) => {
    const keys = await attemptKeys(tx, given.someInstances, given.later);
    return sortedBy(await tx.endLeases(keys), (row) => row.id);
  }),
  operation("listExpiredLeases", fc.constantFrom(0, 3_600_000), async (tx, graceMs) => {
    const rows = await tx.listExpiredLeases(graceMs, 1_000);
    const keys = rows.map(({ id, attempt, tokenHash }) => ({
      taskInstanceId: id,
      attempt,
      tokenHash: tokenHash ?? "",
    }));
    return [sortedBy(ids(rows), (id) => id), await tx.lockExpiredLeases(keys, graceMs)];
  }),
  operation("listLeasesOfWorkers", fc.constant(null), async (tx) =>
    sortedBy(ids(await tx.listLeasesOfWorkers(["agree_worker"])), (id) => id),
  ),
  operation("listDueRuns", fc.constant(null), async (tx, _, world) =>
    (await tx.listDueRuns(1_000)).map((key) => world.nameOfKey(key)).toSorted(),
  ),
  operation("nextDueAt", fc.constant(null), (tx) => tx.nextDueAt()),
  operation("countQueued", fc.constant(null), (tx) => tx.countQueued("local")),
  operation(
    "endAttempts",
    fc.record({ instance, attempt: fc.integer({ min: 1, max: 2 }), outcome: fc.constantFrom("failed", "lost") }),
    (tx, given) =>
      tx.endAttempts([
        {
          taskInstanceId: instanceIdOf(given.instance),
          attempt: given.attempt,
          outcome: given.outcome,
          failure: { outcome: given.outcome },
          fingerprint: null,
        },
      ]),
  ),
  operation("listAttempts", instance, (tx, at) => tx.listAttempts(instanceIdOf(at))),
];
