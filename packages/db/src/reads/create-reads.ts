import type { DagField, DagListing, DagRow, DagRunRow, ExecutorRow, Reads } from "@airloom/store";
import { Kysely, PostgresDialect, sql } from "kysely";
import type pg from "pg";
import { asAirloomError } from "../connection/database-error.ts";
import { type FlatDag, toDagRow } from "../dag/dag-fields.ts";
import { dagList, importErrorList, poolWarningList, tagList, versionList } from "./definition-lists.ts";
import { listPage, type ReadDatabase } from "./list.ts";
import { instanceList, runList, xcomList } from "./run-lists.ts";
import { connectionList, eventList, poolList, variableList } from "./setting-lists.ts";

/** Lists over a pool of connections; closing the pool is its owner's. */
export function createReads(pool: pg.Pool): Reads {
  const db: ReadDatabase = new Kysely({ dialect: new PostgresDialect({ pool }) });
  return readable({
    listDags: async (query) => {
      const listed = await listPage<FlatListing, DagField>(db, dagList, query);
      return { ...listed, rows: listed.rows.map(toListing) };
    },
    listTags: (query) => listPage(db, tagList, query),
    listDagVersions: (query) => listPage(db, versionList, query),
    listImportErrors: (query) => listPage(db, importErrorList, query),
    listPoolWarnings: (query) => listPage(db, poolWarningList, query),
    listRuns: (query) => listPage(db, runList, query),
    countRunStates: (dagIds) => countRunStates(db, dagIds),
    listTaskInstances: (query) => listPage(db, instanceList, query),
    listXComs: (query) => listPage(db, xcomList, query),
    listPools: (query) => listPage(db, poolList, query),
    listVariables: (query) => listPage(db, variableList, query),
    listConnections: (query) => listPage(db, connectionList, query),
    listEvents: (query) => listPage(db, eventList, query),
    listExecutors: () => listExecutors(db),
  });
}

/** A `DagListing` as it comes. */
type FlatListing = FlatDag & Omit<DagListing, keyof DagRow>;

type RunStateCount = { readonly dagId: string; readonly state: DagRunRow["state"]; readonly count: number };

async function countRunStates(db: ReadDatabase, dagIds: readonly string[] | null): Promise<readonly RunStateCount[]> {
  const some = dagIds === null ? sql`true` : sql`r.dag_id = any(${[...dagIds]}::text[])`;
  const { rows } = await sql<RunStateCount>`select r.dag_id as "dagId", r.state, count(*) as count from dag_run r
    where ${some} group by r.dag_id, r.state order by r.dag_id, r.state`.execute(db);
  return rows;
}

type ExecutorUse = ExecutorRow & { readonly queued: number; readonly running: number };

async function listExecutors(db: ReadDatabase): Promise<readonly ExecutorUse[]> {
  const { rows } = await sql<ExecutorUse>`select e.name, e.parallelism,
      count(ti.id) filter (where ti.state = 'queued') as queued,
      count(ti.id) filter (where ti.state in ('running', 'restarting')) as running
    from executor e left join task_instance ti
      on ti.executor = e.name and ti.state in ('queued', 'running', 'restarting')
    group by e.name, e.parallelism order by e.name`.execute(db);
  return rows;
}

function toListing(row: FlatListing): DagListing {
  const { displayName, description, tags, owners, parseSeconds, hasImportErrors } = row;
  return { ...toDagRow(row), displayName, description, tags, owners, parseSeconds, hasImportErrors };
}

/** Errors of the database as the catalogue has them. */
function readable(reads: Reads): Reads {
  const wrapped: Record<string, unknown> = {};
  for (const [name, read] of Object.entries(reads) as [string, (...values: never[]) => Promise<unknown>][])
    wrapped[name] = (...values: never[]) =>
      read(...values).catch((error: unknown) => {
        throw asAirloomError(error, "undone");
      });
  return wrapped as unknown as Reads;
}
