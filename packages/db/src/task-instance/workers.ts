import type { Tx, WorkerRow } from "@airloom/store";
import { arrayOf } from "../connection/array-literal.ts";
import { fieldsOf, selectList } from "../connection/select-list.ts";
import { clockOnce, type Sql, statement } from "../connection/sql.ts";

const fields = fieldsOf<WorkerRow>()([
  "workerId",
  "hostname",
  "pid",
  "bootId",
  "startTicks",
  "executor",
  "queues",
  "slots",
  "startedAt",
  "heartbeatAt",
]);
const workerFields = selectList("w", fields);

const upsert = statement(
  "worker.upsert",
  `with ${clockOnce}
  insert into worker (worker_id, hostname, pid, boot_id, start_ticks, executor, queues, slots, started_at, heartbeat_at)
  select $1, $2, $3, $4, $5, $6, $7, $8, clock.now, clock.now from clock
  on conflict (worker_id) do update set hostname = excluded.hostname, pid = excluded.pid, boot_id = excluded.boot_id,
    start_ticks = excluded.start_ticks, executor = excluded.executor, queues = excluded.queues, slots = excluded.slots,
    heartbeat_at = excluded.heartbeat_at`,
);

export const upsertWorker =
  (sql: Sql): Tx["upsertWorker"] =>
  async (worker) => {
    const { workerId, hostname, pid, bootId, startTicks, executor, queues, slots } = worker;
    await sql.run(upsert, [workerId, hostname, pid, bootId, startTicks, executor, arrayOf(queues), slots]);
  };

const list = statement(
  "worker.list",
  `select ${workerFields} from worker w where $1::text is null or w.hostname = $1 order by w.worker_id`,
);

export const listWorkers =
  (sql: Sql): Tx["listWorkers"] =>
  ({ hostname = null }) =>
    sql.all<WorkerRow>(list, [hostname]);

const deleteSome = statement("worker.delete", "delete from worker where worker_id = any($1)");

export const deleteWorkers =
  (sql: Sql): Tx["deleteWorkers"] =>
  async (workerIds) => {
    await sql.run(deleteSome, [arrayOf(workerIds)]);
  };

const touch = statement(
  "worker.touch",
  "update worker set heartbeat_at = (select airloom_clock()) where worker_id = $1",
);

export const touchWorker =
  (sql: Sql): Tx["touchWorker"] =>
  async (workerId) => {
    await sql.run(touch, [workerId]);
  };
