import type { DagVersionRow, Tx } from "@airloom/store";
import { arrayOf } from "../connection/array-literal.ts";
import { type Sql, statement } from "../connection/sql.ts";
import { dagFields, type FlatDag, toDagRow, versionFields } from "./dag-fields.ts";

const find = statement("dag.find", `select ${dagFields} from dag d where d.dag_id = $1`);

export const findDag =
  (sql: Sql): Tx["findDag"] =>
  async (dagId) => {
    const row = await sql.first<FlatDag>(find, [dagId]);
    return row && toDagRow(row);
  };

const findOneVersion = statement("dag_version.find", `select ${versionFields} from dag_version v where v.id = $1`);

export const findVersion =
  (sql: Sql): Tx["findVersion"] =>
  (versionId) =>
    sql.first<DagVersionRow>(findOneVersion, [versionId]);

const list = statement(
  "dag_version.list",
  `select ${versionFields} from dag_version v where v.id = any($1) order by v.id`,
);

export const listVersions =
  (sql: Sql): Tx["listVersions"] =>
  (versionIds) =>
    sql.all<DagVersionRow>(list, [arrayOf(versionIds)]);

/** A Dag with as many runs as it may have waits for one to end: it must not fill the list before those that can go on. */
const hasRoom = `(select count(*) from dag_run a where a.dag_id = d.dag_id and a.state in ('queued', 'running'))
  < d.max_active_runs`;
const isScheduled = `not d.is_paused and not d.is_stale and d.next_run_after is not null and ${hasRoom}`;

const listDue = statement(
  "dag.list_due",
  `select ${dagFields} from dag d where ${isScheduled} and d.next_run_after <= (select airloom_clock())
  order by d.next_run_after, d.dag_id limit $1`,
);

export const listDueDags =
  (sql: Sql): Tx["listDueDags"] =>
  async (limit) =>
    (await sql.all<FlatDag>(listDue, [limit])).map(toDagRow);

const nextDue = statement(
  "dag.next_due",
  `select d.next_run_after as "at" from dag d where ${isScheduled} order by d.next_run_after limit 1`,
);

export const nextRunDueAt =
  (sql: Sql): Tx["nextRunDueAt"] =>
  async () =>
    (await sql.first<{ readonly at: Date | null }>(nextDue, []))?.at ?? null;
