import { isLegalRunMove } from "@airloom/core";
import type { DagRunRow, Tx } from "@airloom/store";
import { clockOnce, type Sql, statement } from "../connection/sql.ts";
import { runFields } from "./run-fields.ts";

const move = statement(
  "dag_run.move",
  `with ${clockOnce}
  update dag_run r set
    state = $3,
    queued_at = case when $3 = 'queued' then clock.now else r.queued_at end,
    started_at = case $3 when 'queued' then null when 'running' then clock.now else r.started_at end,
    ended_at = case when $3 in ('success', 'failed') then clock.now end,
    clear_number = r.clear_number + $4::int,
    version_id = coalesce($5, r.version_id),
    updated_at = clock.now
  from clock
  where r.key = $1 and r.state = $2
  returning ${runFields}`,
);

/** The one door of run states. */
export const moveRun =
  (sql: Sql): Tx["moveRun"] =>
  async ({ runKey, from, to, clear = false, versionId = null }) => {
    if (!isLegalRunMove(from, to)) throw new Error(`illegal move of run ${runKey}: ${from} to ${to}`);
    return sql.first<DagRunRow>(move, [runKey, from, to, clear ? 1 : 0, versionId]);
  };
