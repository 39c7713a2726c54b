import type { DagFileRow, Tx } from "@airloom/store";
import { arrayOf } from "../connection/array-literal.ts";
import { fieldsOf, selectList } from "../connection/select-list.ts";
import { type Sql, statement } from "../connection/sql.ts";
import { dagIdsOf } from "./change-dags.ts";

type ListedFile = Omit<DagFileRow, "source">;

const fields = fieldsOf<ListedFile>()([
  "file",
  "sourceHash",
  "artifactId",
  "parsedAt",
  "seconds",
  "missing",
  "reparseRequested",
]);
const fileFields = selectList("f", fields);

const list = statement("dag_file.list", `select ${fileFields} from dag_file f order by f.file`);

export const listDagFiles =
  (sql: Sql): Tx["listDagFiles"] =>
  () =>
    sql.all<ListedFile>(list, []);

const find = statement("dag_file.find", `select ${fileFields}, f.source from dag_file f where f.file = $1`);

export const findDagFile =
  (sql: Sql): Tx["findDagFile"] =>
  (file) =>
    sql.first<DagFileRow>(find, [file]);

const put = statement(
  "dag_file.put",
  `insert into dag_file (file, source_hash, artifact_id, source, seconds, parsed_at)
  values ($1, $2, $3, $4, $5, (select airloom_clock()))
  on conflict (file) do update set source_hash = excluded.source_hash, artifact_id = excluded.artifact_id,
    source = excluded.source, seconds = excluded.seconds, parsed_at = excluded.parsed_at, missing = 0, reparse_requested = false`,
);

export const putDagFile =
  (sql: Sql): Tx["putDagFile"] =>
  async ({ file, sourceHash, artifactId, source, seconds }) => {
    // PostgreSQL's text holds no NUL; a source with one is shown with the replacement character.
    await sql.run(put, [file, sourceHash, artifactId, source.replaceAll("\0", "\uFFFD"), seconds]);
  };

const request = statement("dag_file.request_reparse", "update dag_file set reparse_requested = true where file = $1");

export const requestReparse =
  (sql: Sql): Tx["requestReparse"] =>
  async (file) =>
    (await sql.run(request, [file])) > 0;

const miss = statement(
  "dag_file.miss",
  `with locked as materialized (select file from dag_file where file = any($1) order by file for no key update),
  missed as (update dag_file f set missing = f.missing + 1 from locked where f.file = locked.file returning f.file, f.missing),
  gone as materialized (select file from missed where missing >= $2),
  errors as (delete from import_error where file in (select file from gone)),
  ids as materialized (
    select dag_id from dag where not is_stale and file in (select file from gone) order by dag_id for no key update
  ),
  stale as (update dag d set is_stale = true from ids where d.dag_id = ids.dag_id returning d.dag_id)
  select dag_id as "dagId" from stale order by dag_id`,
);

export const missFiles =
  (sql: Sql): Tx["missFiles"] =>
  async (files, limit) =>
    dagIdsOf(await sql.all<{ readonly dagId: string }>(miss, [arrayOf(files), limit]));

const keep = statement(
  "dag.keep_of_file",
  `with ids as materialized (
    select dag_id, is_stale from dag where file = $1 and is_stale = (dag_id = any($2)) order by dag_id for no key update
  ),
  changed as (update dag d set is_stale = not ids.is_stale from ids where d.dag_id = ids.dag_id returning d.dag_id, d.is_stale)
  select dag_id as "dagId" from changed where is_stale order by dag_id`,
);

export const keepDagsOfFile =
  (sql: Sql): Tx["keepDagsOfFile"] =>
  async (file, dagIds) =>
    dagIdsOf(await sql.all<{ readonly dagId: string }>(keep, [file, arrayOf(dagIds)]));

const listOthers = statement(
  "dag.list_of_other_files",
  `select d.dag_id as "dagId", d.file from dag d
  where d.dag_id = any($2) and d.file <> $1 and not d.is_stale
    and not exists (select from dag_file f where f.file = d.file and f.missing > 0)
  order by d.dag_id`,
);

export const listDagsOfOtherFiles =
  (sql: Sql): Tx["listDagsOfOtherFiles"] =>
  (file, dagIds) =>
    sql.all<{ readonly dagId: string; readonly file: string }>(listOthers, [file, arrayOf(dagIds)]);

const putError = statement(
  "import_error.put",
  `insert into import_error (file, source_hash, error, at) values ($1, $2, $3, (select airloom_clock()))
  on conflict (file) do update set source_hash = excluded.source_hash, error = excluded.error, at = excluded.at`,
);

export const putImportError =
  (sql: Sql): Tx["putImportError"] =>
  async ({ file, sourceHash, error }) => {
    await sql.run(putError, [file, sourceHash, JSON.stringify(error)]);
  };

const deleteError = statement("import_error.delete", "delete from import_error where file = $1");

export const deleteImportError =
  (sql: Sql): Tx["deleteImportError"] =>
  async (file) =>
    (await sql.run(deleteError, [file])) > 0;
