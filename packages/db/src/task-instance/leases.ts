import type { TaskInstanceState } from "@airloom/core";
import type { AttemptKey, TaskInstanceRow, Tx } from "@airloom/store";
import { arrayOf, columnsOf } from "../connection/array-literal.ts";
import { clockOnce, type Sql, statement } from "../connection/sql.ts";
import { instanceFields } from "./instance-fields.ts";

/** The instances with a lease that these attempts hold, locked by id; $1 ids, $2 attempts, $3 token hashes. */
const held = (condition: string): string => `with ${clockOnce},
  held as materialized (
    select ti.id from task_instance ti
      join unnest($1::text[], $2::int[], $3::text[]) as k (id, attempt, token_hash) on k.id = ti.id
    where ti.attempt = k.attempt and ti.token_hash = k.token_hash and ti.lease_until is not null ${condition}
    order by ti.id for no key update of ti
  )`;

const columns = (keys: readonly AttemptKey[]): string[] =>
  columnsOf(keys, [(key) => key.taskInstanceId, (key) => key.attempt, (key) => key.tokenHash]);

/** Changes no indexed column, so a heartbeat is a HOT update. */
const extend = statement(
  "task_instance.extend_leases",
  `${held("")}
  update task_instance ti set lease_until = greatest(ti.lease_until, clock.now + $4 * interval '1 millisecond')
  from held, clock where ti.id = held.id
  returning ti.id as "taskInstanceId", ti.attempt, ti.state,
    (extract(epoch from ti.lease_until - clock.now) * 1000)::double precision as "remainingMs"`,
);

interface Extended {
  readonly taskInstanceId: string;
  readonly attempt: number;
  readonly state: TaskInstanceState;
  readonly remainingMs: number;
}

export const extendLeases =
  (sql: Sql): Tx["extendLeases"] =>
  (keys, leaseMs) =>
    sql.all<Extended>(extend, [...columns(keys), leaseMs]);

const end = statement(
  "task_instance.end_leases",
  `${held("and ti.state <> 'running'")}
  update task_instance ti set lease_until = null, token_hash = null, worker_id = null, updated_at = clock.now
  from held, clock where ti.id = held.id
  returning ${instanceFields}`,
);

export const endLeases =
  (sql: Sql): Tx["endLeases"] =>
  (keys) =>
    sql.all<TaskInstanceRow>(end, columns(keys));

/** Reads every lease there is: as many as there are running attempts. An index on the time would make heartbeats dear. */
const listExpired = statement(
  "task_instance.list_expired_leases",
  `select ${instanceFields} from task_instance ti
  where ti.leased and ti.lease_until <= (select airloom_clock()) - $1 * interval '1 millisecond'
  order by ti.lease_until, ti.id limit $2`,
);

export const listExpiredLeases =
  (sql: Sql): Tx["listExpiredLeases"] =>
  (graceMs, limit) =>
    sql.all<TaskInstanceRow>(listExpired, [graceMs, limit]);

const lockExpired = statement(
  "task_instance.lock_expired_leases",
  `select ti.id from task_instance ti
    join unnest($1::text[], $2::int[], $3::text[]) as k (id, attempt, token_hash) on k.id = ti.id
  where ti.attempt = k.attempt and ti.token_hash = k.token_hash
    and ti.lease_until <= (select airloom_clock()) - $4 * interval '1 millisecond'
  order by ti.id for no key update of ti`,
);

export const lockExpiredLeases =
  (sql: Sql): Tx["lockExpiredLeases"] =>
  async (keys, graceMs) =>
    (await sql.all<{ readonly id: string }>(lockExpired, [...columns(keys), graceMs])).map(({ id }) => id);

const listOfWorkers = statement(
  "task_instance.list_leases_of_workers",
  `select ${instanceFields} from task_instance ti where ti.leased and ti.worker_id = any($1) order by ti.id`,
);

export const listLeasesOfWorkers =
  (sql: Sql): Tx["listLeasesOfWorkers"] =>
  (workerIds) =>
    sql.all<TaskInstanceRow>(listOfWorkers, [arrayOf(workerIds)]);
