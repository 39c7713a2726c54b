import { AirloomError } from "@airloom/core";
import type { DagRunRow, Tx } from "@airloom/store";
import { clockOnce, type Sql, statement } from "../connection/sql.ts";
import { runFields } from "./run-fields.ts";

/**
 * The Dag's row gives out the short numbers. It is locked by a statement of its own, so that the insert's snapshot is taken
 * when whoever held it has ended: then a conflict is seen before a number is used up.
 */
const lockNumbers = statement("dag_run.lock_numbers", "select from dag where dag_id = $1 for no key update");

const insert = statement(
  "dag_run.insert",
  `with ${clockOnce},
  r as (
    insert into dag_run (dag_id, number, run_id, run_type, state, version_id, logical_date, interval_start, interval_end,
      run_after, conf, triggered_by, triggering_user, note, unfinished, queued_at, updated_at)
    select d.dag_id, d.run_count + 1, $2, $3, 'queued', $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, clock.now, clock.now
    from dag d, clock where d.dag_id = $1
    on conflict do nothing
    returning *
  ),
  counted as (update dag d set run_count = r.number from r where d.dag_id = r.dag_id)
  select ${runFields} from r`,
);

export const insertRun =
  (sql: Sql): Tx["insertRun"] =>
  async (run) => {
    const [dags, row] = await Promise.all([
      sql.run(lockNumbers, [run.dagId]),
      sql.first<DagRunRow>(insert, [
        run.dagId,
        run.runId,
        run.runType,
        run.versionId,
        run.logicalDate,
        run.intervalStart,
        run.intervalEnd,
        run.runAfter,
        JSON.stringify(run.conf),
        run.triggeredBy,
        run.triggeringUser,
        run.note,
        run.unfinished,
      ]),
    ]);
    if (dags === 0) throw new AirloomError("NOT_FOUND", { what: `Dag "${run.dagId}"` });
    return row;
  };
