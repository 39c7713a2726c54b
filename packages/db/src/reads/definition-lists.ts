import type { DagField, DagVersionField, ImportErrorField, PoolWarningField, TagField } from "@airloom/store";
import { dagFields } from "../dag/dag-fields.ts";
import type { ListSource } from "./list.ts";

const lastRun = (column: string): string =>
  `(select r.${column} from dag_run r where r.dag_id = d.dag_id order by r.run_after desc, r.key desc limit 1)`;
const hasImportErrors = "exists (select from import_error e where e.file = d.file)";

/** Dags with what people look for in them. What runs say is looked up per Dag by the index that has the newest run first. */
export const dagList: ListSource<DagField> = {
  select: `${dagFields}, d.display_name as "displayName", d.description, d.tags, d.owners, f.seconds as "parseSeconds",
    ${hasImportErrors} as "hasImportErrors"`,
  from: "dag d left join dag_file f on f.file = d.file",
  id: "d.dag_id",
  fields: {
    dagId: "d.dag_id",
    displayName: "d.display_name",
    file: "d.file",
    isPaused: "d.is_paused",
    isStale: "d.is_stale",
    tags: "d.tags",
    owners: "d.owners",
    isScheduled: "(d.next_run_after is not null)",
    nextRunAfter: "d.next_run_after",
    hasImportErrors,
    lastRunState: lastRun("state"),
    lastRunStartedAt: lastRun("started_at"),
    runStates: "array(select distinct r.state from dag_run r where r.dag_id = d.dag_id)",
  },
  key: ["dagId"],
};

export const tagList: ListSource<TagField> = {
  select: "t.name",
  from: "(select distinct unnest(d.tags) as name from dag d) t",
  fields: { name: "t.name" },
  key: ["name"],
};

export const versionList: ListSource<DagVersionField> = {
  select: `v.id, v.dag_id as "dagId", v.number, v.spec_hash as "specHash", v.artifact_id as "artifactId",
    v.created_at as "createdAt", d.display_name as "displayName"`,
  from: "dag_version v left join dag d on d.dag_id = v.dag_id",
  fields: { id: "v.id", number: "v.number", dagId: "v.dag_id", createdAt: "v.created_at" },
  key: ["dagId", "number"],
};

export const importErrorList: ListSource<ImportErrorField> = {
  select: `e.id, e.file, e.at, e.error, e.source_hash as "sourceHash"`,
  from: "import_error e",
  fields: { id: "e.id", file: "e.file", at: "e.at" },
  key: ["id"],
};

/** Reads the newest Spec of every Dag: for a page that somebody opens, not for a loop. */
export const poolWarningList: ListSource<PoolWarningField> = {
  select: `w.dag_id as "dagId", w.display_name as "displayName", w.pool, w.at`,
  from: `(select distinct d.dag_id, d.display_name, task ->> 'pool' as pool, v.created_at as at
    from dag d join dag_version v on v.id = d.version_id, json_array_elements(v.spec -> 'tasks') task
    where not d.is_stale and not exists (select from pool p where p.name = task ->> 'pool')) w`,
  fields: { dagId: "w.dag_id", pool: "w.pool", at: "w.at" },
  key: ["dagId", "pool"],
};
