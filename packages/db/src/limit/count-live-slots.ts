import type { LiveSlots, Tx } from "@airloom/store";
import { arrayOf } from "../connection/array-literal.ts";
import { type Sql, statement } from "../connection/sql.ts";

/**
 * One pass over what is live, which the executors' limits keep small, grouped as finely as the counts need it: a row per
 * (executor, pool, run, task), however many instances. $1 executors, $2 pools, $3 runs, $4 "dag task" pairs.
 */
const count = statement(
  "task_instance.count_live_slots",
  `select executor, pool, run_key as "runKey", dag_id as "dagId", task_id as "taskId", count(*) as instances, sum(pool_slots) as slots
  from task_instance
  where state in ('queued', 'running', 'restarting')
    and (executor = any($1::text[]) or pool = any($2::text[]) or run_key = any($3::bigint[]) or dag_id || ' ' || task_id = any($4::text[]))
  group by executor, pool, run_key, dag_id, task_id
  union all
  select null, ti.pool, null, null, null, 0, sum(ti.pool_slots) from pool p join task_instance ti on ti.pool = p.name
  where p.include_deferred and p.name = any($2::text[]) and ti.state = 'deferred' group by ti.pool`,
);

interface LiveGroup {
  readonly executor: string | null;
  readonly pool: string;
  readonly runKey: number;
  readonly dagId: string;
  readonly taskId: string;
  readonly instances: number;
  readonly slots: number;
}

/** Adds up what belongs to one of the wanted keys. */
function counter<Key>(wanted: Iterable<Key>): {
  readonly counts: Map<Key, number>;
  add(key: Key, slots: number): void;
} {
  const keys = new Set(wanted);
  const counts = new Map<Key, number>();
  return {
    counts,
    add: (key, slots) => {
      if (keys.has(key)) counts.set(key, (counts.get(key) ?? 0) + slots);
    },
  };
}

export const countLiveSlots =
  (sql: Sql): Tx["countLiveSlots"] =>
  async (names) => {
    const executors = counter(names.executors);
    const pools = counter(names.pools);
    const runs = counter(names.runKeys);
    const tasks = counter(names.tasks.map(({ dagId, taskId }) => `${dagId} ${taskId}`));
    const runTasks = counter(names.runTasks.map(({ runKey, taskId }) => `${runKey} ${taskId}`));
    const values = [
      arrayOf(names.executors),
      arrayOf(names.pools),
      arrayOf([...names.runKeys, ...names.runTasks.map(({ runKey }) => runKey)]),
      arrayOf(names.tasks.map(({ dagId, taskId }) => `${dagId} ${taskId}`)),
    ];
    for (const group of await sql.all<LiveGroup>(count, values)) {
      pools.add(group.pool, group.slots);
      if (group.executor === null) continue;
      executors.add(group.executor, group.instances);
      runs.add(group.runKey, group.instances);
      tasks.add(`${group.dagId} ${group.taskId}`, group.instances);
      runTasks.add(`${group.runKey} ${group.taskId}`, group.instances);
    }
    const live: LiveSlots = {
      executors: executors.counts,
      pools: pools.counts,
      runs: runs.counts,
      tasks: tasks.counts,
      runTasks: runTasks.counts,
    };
    return live;
  };
