import { holdsSlots } from "@airloom/core";
import type { LimitVerbs, LiveSlots, LockOptions } from "../limit-verbs.ts";
import type { PoolRow, TaskInstanceRow } from "../rows.ts";
import { by, sortedUnique } from "./order.ts";
import type { Table } from "./table.ts";
import type { Transaction } from "./transaction.ts";
import type { Verbs } from "./verbs.ts";

export const limitVerbs: Verbs<LimitVerbs> = {
  lockExecutors: (at, [names, options]) => lockRows(at, at.tables.executors, { names, ...options }),
  lockPools: (at, [names, options]) => lockRows(at, at.tables.pools, { names, ...options }),
  lockDags: async (at, [names, options]) => {
    const rows = await lockRows(at, at.tables.dags, { names, ...options });
    return (
      rows?.map(({ dagId, isPaused, maxActiveRuns, maxActiveTasks }) => ({
        dagId,
        isPaused,
        maxActiveRuns,
        maxActiveTasks,
      })) ?? null
    );
  },
  countLiveSlots: (at, [names]) => countLiveSlots(at, names),

  listPools: (at) => at.tables.pools.list(at).sort(by((pool) => [pool.name])),
  findPool: (at, [name]) => at.tables.pools.get(at, name) ?? null,
  insertPool: (at, [pool]) => at.tables.pools.insert(at, { ...pool }),
  updatePool: async (at, [pool]) => (await at.tables.pools.update(at, pool.name, () => ({ ...pool }))) !== undefined,
  deletePool: (at, [name]) => at.tables.pools.remove(at, name),
  upsertExecutor: async (at, [executor]) => {
    await at.tables.executors.upsert(at, executor.name, () => ({ ...executor }));
  },
};

async function lockRows<Row>(
  at: Transaction,
  table: Pick<Table<Row>, "get" | "lock" | "tryLock">,
  { names, wait }: LockOptions & { readonly names: readonly string[] },
): Promise<readonly Row[] | null> {
  const before = at.mark;
  const rows: Row[] = [];
  for (const name of sortedUnique(names)) {
    if (table.get(at, name) === undefined) continue;
    if (!wait && !table.tryLock(at, name)) {
      at.releaseSince(before);
      return null;
    }
    const row = await table.lock(at, name);
    if (row !== undefined) rows.push(row);
  }
  return rows;
}

function countLiveSlots(at: Transaction, names: Parameters<LimitVerbs["countLiveSlots"]>[0]): LiveSlots {
  const pools = new Map(names.pools.map((name) => [name, at.tables.pools.get(at, name)]));
  const rows = slotHolders(at);
  return {
    executors: tallyUp(rows, new Set(names.executors), (row) => row.executor),
    pools: countPools(rows, pools),
    runs: tallyUp(rows, new Set(names.runKeys), (row) => row.runKey),
    tasks: tallyUp(
      rows,
      new Set(names.tasks.map((task) => `${task.dagId} ${task.taskId}`)),
      (row) => `${row.dagId} ${row.taskId}`,
    ),
    runTasks: tallyUp(
      rows,
      new Set(names.runTasks.map((task) => `${task.runKey} ${task.taskId}`)),
      (row) => `${row.runKey} ${row.taskId}`,
    ),
  };
}

/** Deferred ones too: some pools count them. */
const slotHolders = (at: Transaction): TaskInstanceRow[] =>
  (["queued", "running", "restarting", "deferred"] as const).flatMap((state) =>
    at.tables.taskInstances.listBy(at, "state", state),
  );

function tallyUp<Name>(
  rows: readonly TaskInstanceRow[],
  names: ReadonlySet<Name>,
  nameOf: (row: TaskInstanceRow) => Name,
): Map<Name, number> {
  const counts = new Map<Name, number>();
  for (const row of rows) {
    const name = nameOf(row);
    if (holdsSlots(row.state) && names.has(name)) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

function countPools(
  rows: readonly TaskInstanceRow[],
  pools: ReadonlyMap<string, PoolRow | undefined>,
): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { pool, poolSlots, state } of rows) {
    const counted = pools.has(pool) && (holdsSlots(state) || pools.get(pool)?.includeDeferred);
    if (counted) counts.set(pool, (counts.get(pool) ?? 0) + poolSlots);
  }
  return counts;
}
