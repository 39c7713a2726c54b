import type { TaskInstanceRow, Tx } from "@airloom/store";
import { arrayOf } from "../connection/array-literal.ts";
import { type Sql, statement } from "../connection/sql.ts";
import { instanceFields } from "./instance-fields.ts";

const bestFirst = "ti.priority desc, ti.scheduled_at, ti.id";

/**
 * A walk along the index of each running run, so that one wide run costs no more than its best `perRun`.
 * $1 limit, $2 per run, $3 pools and $4 runs to leave out, $5 runs.
 */
const candidates = (runs: string): string =>
  `with best as materialized (
    select ti.id from dag_run r join dag d on d.dag_id = r.dag_id
    cross join lateral (
      select ti.id, ti.priority, ti.scheduled_at from task_instance ti
      where ti.run_key = r.key and ti.state = 'scheduled' and not ti.pool = any($3::text[])
      order by ${bestFirst} limit $2
    ) ti
    where r.state = 'running' and not d.is_paused and not r.key = any($4::bigint[]) ${runs}
    order by ${bestFirst} limit $1
  )
  select ${instanceFields} from best join task_instance ti on ti.id = best.id where ti.state = 'scheduled'
  order by ${bestFirst}`;

const ofAllRuns = statement("task_instance.list_candidates", candidates(""));
const ofSomeRuns = statement("task_instance.list_candidates_of", candidates("and r.key = any($5::bigint[])"));

export const listCandidates =
  (sql: Sql): Tx["listCandidates"] =>
  ({ limit, perRun, runKeys, excludePools = [], excludeRunKeys = [] }) => {
    const values = [limit, perRun, arrayOf(excludePools), arrayOf(excludeRunKeys)];
    return runKeys
      ? sql.all<TaskInstanceRow>(ofSomeRuns, [...values, arrayOf(runKeys)])
      : sql.all<TaskInstanceRow>(ofAllRuns, values);
  };
