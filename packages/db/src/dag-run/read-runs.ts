import type { DagRunState } from "@airloom/core";
import type { DagRunRow, Tx } from "@airloom/store";
import { arrayOf } from "../connection/array-literal.ts";
import { type Sql, type Statement, statement } from "../connection/sql.ts";
import { runFields } from "./run-fields.ts";

const find = statement("dag_run.find", `select ${runFields} from dag_run r where r.dag_id = $1 and r.run_id = $2`);

export const findRun =
  (sql: Sql): Tx["findRun"] =>
  (dagId, runId) =>
    sql.first<DagRunRow>(find, [dagId, runId]);

const listByKey = statement(
  "dag_run.list_by_key",
  `select ${runFields} from dag_run r where r.key = any($1::bigint[]) order by r.key`,
);

export const listRunsByKey =
  (sql: Sql): Tx["listRunsByKey"] =>
  (runKeys) =>
    sql.all<DagRunRow>(listByKey, [arrayOf(runKeys)]);

const lock = statement(
  "dag_run.lock",
  `select ${runFields} from dag_run r where r.key = any($1::bigint[]) order by r.key for no key update`,
);

export const lockRuns =
  (sql: Sql): Tx["lockRuns"] =>
  (runKeys) =>
    sql.all<DagRunRow>(lock, [arrayOf(runKeys)]);

/** Found once: the queued runs of a full Dag may be thousands, and must not stand before everybody else's. */
const fullDags = `select r.dag_id from dag_run r join dag d on d.dag_id = r.dag_id where r.state = 'running'
  group by r.dag_id, d.max_active_runs having count(*) >= d.max_active_runs`;

const listStartable = statement(
  "dag_run.list_startable",
  `with full_dag as materialized (${fullDags})
  select ${runFields} from dag_run r join dag d on d.dag_id = r.dag_id
  where r.state = 'queued' and r.run_after <= (select airloom_clock()) and not d.is_paused
    and not exists (select from full_dag f where f.dag_id = r.dag_id)
  order by r.run_after, r.key limit $1`,
);

export const listStartableRuns =
  (sql: Sql): Tx["listStartableRuns"] =>
  (limit) =>
    sql.all<DagRunRow>(listStartable, [limit]);

const count = (condition: string): string =>
  `select dag_id as "dagId", count(*) from dag_run where ${condition} and dag_id = any($1) group by dag_id`;

async function countByDag(
  sql: Sql,
  wanted: Statement,
  dagIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const rows = await sql.all<{ readonly dagId: string; readonly count: number }>(wanted, [arrayOf(dagIds)]);
  return new Map(rows.map((row) => [row.dagId, row.count]));
}

const listRunning = statement(
  "dag_run.list_running",
  `select key as "runKey" from dag_run where dag_id = any($1::text[]) and state = 'running' order by key`,
);

export const listRunningRuns =
  (sql: Sql): Tx["listRunningRuns"] =>
  async (dagIds) =>
    (await sql.all<{ readonly runKey: number }>(listRunning, [arrayOf(dagIds)])).map((row) => row.runKey);

const countRunning = statement("dag_run.count_running", count("state = 'running'"));

export const countRunningRuns =
  (sql: Sql): Tx["countRunningRuns"] =>
  (dagIds) =>
    countByDag(sql, countRunning, dagIds);

const countActive = statement("dag_run.count_active", count("state in ('queued', 'running')"));

export const countActiveRuns =
  (sql: Sql): Tx["countActiveRuns"] =>
  (dagIds) =>
    countByDag(sql, countActive, dagIds);

const listTimedOut = statement(
  "dag_run.list_timed_out",
  `select r.key from dag_run r join dag_version v on v.id = r.version_id
  where r.state = 'running' and r.started_at + v.run_timeout_seconds * interval '1 second' < (select airloom_clock())
  order by r.key limit $1`,
);

export const listTimedOutRuns =
  (sql: Sql): Tx["listTimedOutRuns"] =>
  async (limit) =>
    (await sql.all<{ readonly key: number }>(listTimedOut, [limit])).map((row) => row.key);

const listOutcomes = statement(
  "dag_run.list_outcomes",
  `select state from dag_run where dag_id = $1 and state in ('success', 'failed') order by run_after desc, key desc limit $2`,
);

export const listRecentOutcomes =
  (sql: Sql): Tx["listRecentOutcomes"] =>
  async (dagId, limit) =>
    (await sql.all<{ readonly state: DagRunState }>(listOutcomes, [dagId, limit])).map((row) => row.state);
