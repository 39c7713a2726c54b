import fc from "fast-check";
import { operation } from "./operation.ts";
import { dagIds, instanceIdOf, poolNames, runIds, taskIds, taskOf } from "./world.ts";

const place = fc.record({
  dag: fc.nat({ max: dagIds.length - 1 }),
  run: fc.nat({ max: runIds.length - 1 }),
});
const instance = fc.record({
  dag: fc.nat({ max: dagIds.length - 1 }),
  run: fc.nat({ max: runIds.length - 1 }),
  task: fc.nat({ max: taskIds.length - 1 }),
});
/** Values and logs are about few instances, so that they meet. */
const fewInstances = fc.record({ dag: fc.constant(0), run: fc.constant(0), task: fc.nat({ max: 1 }) });
const name = fc.constantFrom(...poolNames);
const pool = fc.record({
  name,
  slots: fc.integer({ min: -1, max: 3 }),
  description: fc.constant(null),
  includeDeferred: fc.boolean(),
});
const someBytes = fc.uint8Array({ maxLength: 4 });

export const limitAndValueOperations = [
  operation("insertPool", pool, (tx, row) => tx.insertPool(row)),
  operation("updatePool", pool, (tx, row) => tx.updatePool(row)),
  operation("deletePool", name, (tx, poolName) => tx.deletePool(poolName)),
  operation("lockPools", fc.record({ names: fc.subarray([...poolNames]), wait: fc.boolean() }), (tx, { names, wait }) =>
    tx.lockPools(names, { wait }),
  ),
  operation("countLiveSlots", fc.record({ place, instance }), async (tx, given, world) => {
    const runKey = world.keyOf(given.place);
    const live = await tx.countLiveSlots({
      executors: ["local"],
      pools: poolNames,
      runKeys: [runKey],
      tasks: dagIds.map((dagId) => ({ dagId, taskId: taskOf(given.instance) })),
      runTasks: [{ runKey, taskId: taskOf(given.instance) }],
    });
    const counted = Object.entries(live).map(([kind, counts]: [string, ReadonlyMap<unknown, number>]) => {
      const present = [...counts].filter(([, count]) => count !== 0);
      return [kind, new Map(present)] as const;
    });
    return Object.fromEntries(counted);
  }),

  operation(
    "putXComs",
    fc.record({
      instance: fewInstances,
      key: fc.constantFrom("k", "l"),
      value: someBytes,
      apart: fc.option(fc.array(someBytes, { maxLength: 3 })),
    }),
    (tx, { instance: at, key, value, apart }, world) =>
      tx.putXComs([
        {
          runKey: world.keyOf(at),
          taskId: taskOf(at),
          mapIndex: -1,
          key,
          value: apart ? null : value,
          elements: apart,
          length: apart?.length ?? null,
        },
      ]),
  ),
  operation("listXComs", fc.record({ place, maxBytes: fc.nat({ max: 4 }) }), (tx, given, world) =>
    tx.listXComs(world.keyOf(given.place), { taskIds, key: "k", maxBytes: given.maxBytes }),
  ),
  operation(
    "listXComElements",
    fc.record({ instance: fewInstances, index: fc.nat({ max: 3 }) }),
    (tx, { instance: at, index }, world) => {
      const xcom = { runKey: world.keyOf(at), taskId: taskOf(at), mapIndex: -1, key: "k" };
      return Promise.all([tx.findXCom(xcom), tx.listXComElements(xcom), tx.listXComElements({ ...xcom, index })]);
    },
  ),
  operation("deleteXComs", fewInstances, (tx, at, world) =>
    tx.deleteXComs(world.keyOf(at), [{ taskId: taskOf(at), mapIndex: -1 }]),
  ),

  operation(
    "appendLogs",
    fc.record({ instance: fewInstances, attempt: fc.constantFrom(1, 2), seqs: fc.subarray([1, 2, 3, 4, 5]) }),
    async (tx, given) => {
      const id = instanceIdOf(given.instance);
      // Logs of an instance that is not there would outlive this sequence.
      if (!(await tx.findTaskInstance(id))) return "no instance";
      const records = given.seqs.map((seq) => ({
        attempt: given.attempt,
        seq,
        ts: seq,
        level: "info",
        source: "task",
        msg: `line ${seq}`,
        fields: null,
        group: null,
      }));
      // Bytes are by each store's own measure.
      return (await tx.appendLogs(id, records)) > 0;
    },
  ),
  operation(
    "listLogs",
    fc.record({ instance: fewInstances, seq: fc.nat({ max: 3 }), limit: fc.integer({ min: 1, max: 6 }) }),
    (tx, given) =>
      tx.listLogs({
        taskInstanceId: instanceIdOf(given.instance),
        attempts: [1, 2],
        after: { attempt: 1, seq: given.seq },
        limit: given.limit,
      }),
  ),
];
