import type { NewArtifact, Tx } from "@airloom/store";
import { arrayOf } from "../connection/array-literal.ts";
import { type Sql, statement } from "../connection/sql.ts";

const insert = statement(
  "artifact.insert",
  "insert into artifact (id, file, manifest, part_hashes) values ($1, $2, $3, $4) on conflict do nothing",
);

export const insertArtifact =
  (sql: Sql): Tx["insertArtifact"] =>
  async ({ id, file, manifest, partHashes }) => {
    await sql.run(insert, [id, file, JSON.stringify(manifest), arrayOf(partHashes)]);
  };

const find = statement(
  "artifact.find",
  `select id, file, manifest, part_hashes as "partHashes" from artifact where id = $1`,
);

export const findArtifact =
  (sql: Sql): Tx["findArtifact"] =>
  (id) =>
    sql.first<NewArtifact>(find, [id]);

const listMissing = statement(
  "artifact_part.list_missing",
  `select distinct wanted.hash from unnest($1::text[]) as wanted (hash)
  where not exists (select from artifact_part p where p.hash = wanted.hash) order by wanted.hash`,
);

export const listMissingParts =
  (sql: Sql): Tx["listMissingParts"] =>
  async (hashes) =>
    (await sql.all<{ readonly hash: string }>(listMissing, [arrayOf(hashes)])).map((row) => row.hash);

const put = statement(
  "artifact_part.put",
  "insert into artifact_part (hash, bytes) values ($1, $2::bytea) on conflict do nothing",
);

export const putPart =
  (sql: Sql): Tx["putPart"] =>
  async (hash, bytes) => {
    await sql.run(put, [hash, bytes]);
  };

const findOne = statement("artifact_part.find", "select bytes from artifact_part where hash = $1");

export const findPart =
  (sql: Sql): Tx["findPart"] =>
  async (hash) =>
    (await sql.first<{ readonly bytes: Uint8Array }>(findOne, [hash]))?.bytes ?? null;
