import type { Tx } from "@airloom/store";
import { columnsOf } from "../connection/array-literal.ts";
import { clockOnce, type Sql, statement } from "../connection/sql.ts";

const insert = statement(
  "task_instance.insert",
  `with ${clockOnce}
  insert into task_instance (id, run_key, dag_id, task_id, map_index, operator, max_tries, pool, pool_slots, queue, executor,
    priority, updated_at)
  select n.*, clock.now from unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::int[], $6::text[], $7::int[],
    $8::text[], $9::int[], $10::text[], $11::text[], $12::int[]) as n, clock`,
);

export const insertTaskInstances =
  (sql: Sql): Tx["insertTaskInstances"] =>
  async (instances) => {
    const columns = columnsOf(instances, [
      (instance) => instance.id,
      (instance) => instance.runKey,
      (instance) => instance.dagId,
      (instance) => instance.taskId,
      (instance) => instance.mapIndex,
      (instance) => instance.operator,
      (instance) => instance.maxTries,
      (instance) => instance.pool,
      (instance) => instance.poolSlots,
      (instance) => instance.queue,
      (instance) => instance.executor,
      (instance) => instance.priority,
    ]);
    await sql.run(insert, columns);
  };
