import type { PublishedDag, Tx } from "@airloom/store";
import { arrayOf } from "../connection/array-literal.ts";
import { type Sql, statement } from "../connection/sql.ts";
import { dagFields, type FlatDag, toDagRow } from "./dag-fields.ts";

/** A Dag that is new starts without a version; its row is there to be locked, whoever else publishes it. */
const insertDag = statement(
  "dag.insert",
  `insert into dag (dag_id, file, is_paused, version_id, version_number, display_name, tags, owners, max_active_runs,
    max_active_tasks, max_consecutive_failed_runs, last_parsed_at)
  values ($1, $2, $3, '', 0, $1, '{}', '{}', 0, 0, 0, (select airloom_clock())) on conflict do nothing`,
);

const lockCurrent = statement(
  "dag.lock_current_version",
  `select d.version_id as "id", d.version_number as "number", v.spec_hash as "specHash", v.artifact_id as "artifactId",
    exists (select from dag_run r where r.version_id = d.version_id) as "used"
  from dag d left join dag_version v on v.id = d.version_id where d.dag_id = $1 for no key update of d`,
);

interface CurrentVersion {
  readonly id: string;
  readonly number: number;
  readonly specHash: string | null;
  readonly artifactId: string | null;
  readonly used: boolean;
}

const deleteVersion = statement("dag_version.delete", "delete from dag_version where id = $1");
const insertVersion = statement(
  "dag_version.insert",
  `insert into dag_version (id, dag_id, number, spec, spec_hash, artifact_id, run_timeout_seconds, created_at)
  values ($1, $2, $3, $4, $5, $6, $7, (select airloom_clock()))`,
);

const updateDag = statement(
  "dag.update",
  `update dag d set file = $2, is_stale = false, version_id = $3, version_number = $4, display_name = $5, description = $6,
    tags = $7, owners = $8, max_active_runs = $9, max_active_tasks = $10, max_consecutive_failed_runs = $11,
    last_parsed_at = (select airloom_clock())
  where d.dag_id = $1 returning ${dagFields}`,
);

export const publishDag =
  (sql: Sql): Tx["publishDag"] =>
  async (dag) => {
    const [, , current] = await Promise.all([
      sql.run(insertDag, [dag.dagId, dag.file, dag.pausedUponCreation]),
      // The lock alone first: what the second look reads was committed before it was given.
      sql.first<CurrentVersion>(lockCurrent, [dag.dagId]),
      sql.first<CurrentVersion>(lockCurrent, [dag.dagId]),
    ]);
    if (!current) throw new Error(`Dag ${dag.dagId} was deleted while it was published`);
    const changed = current.specHash !== dag.specHash || current.artifactId !== dag.artifactId;
    const version = changed ? await putVersion(sql, dag, current) : current;
    const row = await sql.first<FlatDag>(updateDag, dagValues(dag, version));
    if (!row) throw new Error(`Dag ${dag.dagId} was deleted while it was published`);
    return { dag: toDagRow(row), changed };
  };

async function putVersion(sql: Sql, dag: PublishedDag, current: CurrentVersion) {
  const replaces = current.number > 0 && !current.used;
  const number = replaces ? current.number : current.number + 1;
  const { newVersionId: id, dagId, spec, specHash, artifactId } = dag;
  await Promise.all([
    replaces ? sql.run(deleteVersion, [current.id]) : undefined,
    sql.run(insertVersion, [id, dagId, number, JSON.stringify(spec), specHash, artifactId, spec.runTimeoutSeconds]),
  ]);
  return { id, number };
}

function dagValues({ dagId, file, spec }: PublishedDag, version: { readonly id: string; readonly number: number }) {
  return [
    dagId,
    file,
    version.id,
    version.number,
    spec.displayName,
    spec.description,
    arrayOf(spec.tags),
    arrayOf(spec.owners),
    spec.maxActiveRuns,
    spec.maxActiveTasks,
    spec.maxConsecutiveFailedRuns,
  ];
}
