import type { AttemptRow, Tx } from "@airloom/store";
import { columnsOf } from "../connection/array-literal.ts";
import { fieldsOf, selectList } from "../connection/select-list.ts";
import { clockOnce, type Sql, statement } from "../connection/sql.ts";

const fields = fieldsOf<AttemptRow>()([
  "taskInstanceId",
  "attempt",
  "tryNumber",
  "workerId",
  "hostname",
  "pid",
  "queuedAt",
  "startedAt",
  "endedAt",
  "outcome",
  "failure",
  "fingerprint",
]);
const attemptFields = selectList("a", fields);

const end = statement(
  "attempt.end",
  `with ${clockOnce},
  ended as materialized (
    select a.task_instance_id, a.attempt, e.outcome, e.failure, e.fingerprint from attempt a
      join unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::text[]) as e (id, attempt, outcome, failure, fingerprint)
      on e.id = a.task_instance_id and e.attempt = a.attempt
    where a.ended_at is null order by a.task_instance_id, a.attempt for no key update of a
  )
  update attempt a set outcome = e.outcome, failure = e.failure::json, fingerprint = e.fingerprint, ended_at = clock.now
  from ended e, clock
  where a.task_instance_id = e.task_instance_id and a.attempt = e.attempt and a.ended_at is null`,
);

export const endAttempts =
  (sql: Sql): Tx["endAttempts"] =>
  async (ends) => {
    const columns = columnsOf(ends, [
      (ended) => ended.taskInstanceId,
      (ended) => ended.attempt,
      (ended) => ended.outcome,
      (ended) => (ended.failure === null ? null : JSON.stringify(ended.failure)),
      (ended) => ended.fingerprint,
    ]);
    await sql.run(end, columns);
  };

const find = statement(
  "attempt.find",
  `select ${attemptFields} from attempt a where a.task_instance_id = $1 and a.attempt = $2`,
);

export const findAttempt =
  (sql: Sql): Tx["findAttempt"] =>
  (taskInstanceId, attempt) =>
    sql.first<AttemptRow>(find, [taskInstanceId, attempt]);

const list = statement(
  "attempt.list",
  `select ${attemptFields} from attempt a where a.task_instance_id = $1 order by a.attempt`,
);

export const listAttempts =
  (sql: Sql): Tx["listAttempts"] =>
  (taskInstanceId) =>
    sql.all<AttemptRow>(list, [taskInstanceId]);
