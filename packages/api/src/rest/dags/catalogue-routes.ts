import { AirloomError, dagRunStates, type Json } from "@airloom/core";
import type {
  DagVersionField,
  DagVersionListing,
  ImportErrorField,
  ImportErrorRow,
  PoolWarningField,
  TagField,
} from "@airloom/store";
import { z } from "zod";
import type { ApiDeps } from "../../api-deps.ts";
import { iso } from "../../http/instant.ts";
import { integer, listOf, repeated } from "../../http/list-query.ts";
import { negotiate } from "../../http/negotiate.ts";
import { type AnyRoute, route } from "../../http/route.ts";
import { dagIn, dagListing, first, is, pathConditions } from "../find.ts";
import { dagPath } from "../ids.ts";
import { bundleName, versionShape } from "./dag-shape.ts";

const tagList = listOf<TagField>({ orderBy: { name: "name" }, text: { tag_name: "name" } });
const versionList = listOf<DagVersionField>({
  orderBy: { id: "id", version_number: "number", created_at: "createdAt", dag_id: "dagId" },
  anyOf: { version_number: { field: "number", of: "integer" } },
});
const importErrorList = listOf<ImportErrorField>({
  orderBy: { id: "id", import_error_id: "id", timestamp: "at", filename: "file" },
  anyOf: { filename: { field: "file", of: "text" } },
  text: { filename: "file" },
});
const warningTypes = ["asset conflict", "duplicate dag id", "non-existent pool", "runtime varying value"] as const;
const warningList = listOf<PoolWarningField>(
  { orderBy: { dag_id: "dagId", timestamp: "at" }, anyOf: { dag_id: { field: "dagId", of: "text" } } },
  { warning_type: z.enum(warningTypes).optional() },
);

/** What is known about all Dags together: tags, figures, versions, sources, what did not load. */
export const catalogueRoutes = (deps: ApiDeps): readonly AnyRoute[] => [
  ...figureRoutes(deps),
  ...versionRoutes(deps),
  ...problemRoutes(deps),
];

const figureRoutes = (deps: ApiDeps): readonly AnyRoute[] => [
  route({
    method: "GET",
    path: "/api/v2/dagTags",
    summary: "Get Dag Tags",
    can: "read",
    query: tagList.query,
    handle: async ({ query }) => {
      const { rows, total } = await deps.reads.listTags(tagList.toQuery(query));
      return { tags: rows.map(({ name }) => name), total_entries: total };
    },
  }),
  route({
    method: "GET",
    path: "/api/v2/dagStats",
    summary: "Get Dag Stats",
    can: "read",
    query: z.object({ dag_ids: repeated(z.string().max(250)) }),
    handle: ({ query }) => dagStats(deps, query.dag_ids ?? null),
  }),
];

const versionRoutes = (deps: ApiDeps): readonly AnyRoute[] => [
  route({
    method: "GET",
    path: "/api/v2/dags/{dag_id}/dagVersions",
    summary: "Get Dag Versions",
    can: "read",
    params: dagPath,
    query: versionList.query,
    handle: async ({ params, query }) => {
      const where = (await pathConditions(deps, params)).filter(
        (condition): condition is typeof condition & { readonly field: "dagId" } => condition.field === "dagId",
      );
      const { rows, total } = await deps.reads.listDagVersions(versionList.toQuery(query, where));
      return { dag_versions: rows.map(listedVersion), total_entries: total };
    },
  }),
  route({
    method: "GET",
    path: "/api/v2/dags/{dag_id}/dagVersions/{version_number}",
    summary: "Get Dag Version",
    can: "read",
    params: dagPath.extend({ version_number: integer }),
    handle: async ({ params: { dag_id, version_number } }) => {
      const found = await deps.reads.listDagVersions(first(1, is("dagId", dag_id), is("number", version_number)));
      const [version] = found.rows;
      if (!version) throw new AirloomError("NOT_FOUND", { what: `Version ${version_number} of Dag "${dag_id}"` });
      return listedVersion(version);
    },
  }),
  route({
    method: "GET",
    path: "/api/v2/dagSources/{dag_id}",
    summary: "Get Dag Source",
    can: "read",
    params: dagPath,
    query: z.object({ version_number: integer.optional() }),
    handle: async ({ params, query, request, reply }) => {
      const type = negotiate(request, ["application/json", "text/plain"]);
      const source = await dagSource(deps, params.dag_id, query.version_number);
      if (type === "application/json") return source;
      return reply.type("text/plain; charset=utf-8").send(source.content);
    },
  }),
];

const problemRoutes = (deps: ApiDeps): readonly AnyRoute[] => [
  route({
    method: "GET",
    path: "/api/v2/importErrors",
    summary: "Get Import Errors",
    can: "read",
    query: importErrorList.query,
    handle: async ({ query }) => {
      const { rows, total } = await deps.reads.listImportErrors(importErrorList.toQuery(query));
      return { import_errors: rows.map(importErrorShape), total_entries: total };
    },
  }),
  route({
    method: "GET",
    path: "/api/v2/importErrors/{import_error_id}",
    summary: "Get Import Error",
    can: "read",
    params: z.object({ import_error_id: integer }),
    handle: async ({ params: { import_error_id: id } }) => {
      const [row] = (await deps.reads.listImportErrors(first(1, is("id", id)))).rows;
      if (!row) throw new AirloomError("NOT_FOUND", { what: `Import error ${id}` });
      return importErrorShape(row);
    },
  }),
  route({
    method: "GET",
    path: "/api/v2/dagWarnings",
    summary: "List Dag Warnings",
    can: "read",
    query: warningList.query,
    handle: async ({ query }) => {
      // Pools are the one thing that is warned about: a duplicate id is an import error here.
      if (query.warning_type !== undefined && query.warning_type !== "non-existent pool")
        return { dag_warnings: [], total_entries: 0 };
      const { rows, total } = await deps.reads.listPoolWarnings(warningList.toQuery(query));
      const dag_warnings = rows.map(({ dagId, displayName, pool, at }) => ({
        dag_id: dagId,
        warning_type: "non-existent pool",
        message: `Tasks of Dag "${dagId}" wait for pool "${pool}", which does not exist. Create the pool, or correct the task's pool.`,
        timestamp: iso(at),
        dag_display_name: displayName,
      }));
      return { dag_warnings, total_entries: total };
    },
  }),
];

async function dagStats({ reads }: ApiDeps, dagIds: readonly string[] | null) {
  const [counts, listed] = await Promise.all([
    reads.countRunStates(dagIds),
    reads.listDags(first(100_000, ...(dagIds ? [is("dagId" as const, ...dagIds)] : []))),
  ]);
  const byState = new Map(counts.map(({ dagId, state, count }) => [`${dagId} ${state}`, count]));
  const dags = listed.rows.map(({ dagId, displayName }) => ({
    dag_id: dagId,
    dag_display_name: displayName,
    stats: dagRunStates.map((state) => ({ state, count: byState.get(`${dagId} ${state}`) ?? 0 })),
  }));
  return { dags, total_entries: dags.length };
}

const listedVersion = ({ id, number, createdAt, dagId, displayName }: DagVersionListing) =>
  versionShape({ versionId: id, versionNumber: number, versionCreatedAt: createdAt, dagId, displayName });

/** Of the newest version: a file's earlier texts are not kept, only what was built from them. */
async function dagSource(deps: ApiDeps, dagId: string, versionNumber: number | undefined) {
  const { displayName } = await dagListing(deps, dagId);
  return deps.store.tx(async (tx) => {
    const dag = await dagIn(tx, dagId);
    const file = await tx.findDagFile(dag.file);
    if (!file || (versionNumber !== undefined && versionNumber !== dag.versionNumber))
      throw new AirloomError("NOT_FOUND", {
        what: `The source of version ${versionNumber ?? dag.versionNumber} of Dag "${dagId}"`,
        hint: `The source of the newest version (${dag.versionNumber}) is kept.`,
      });
    return { content: file.source, dag_id: dagId, version_number: dag.versionNumber, dag_display_name: displayName };
  });
}

const importErrorShape = ({ id, file, at, error }: ImportErrorRow) => ({
  import_error_id: id,
  timestamp: iso(at),
  filename: file,
  bundle_name: bundleName,
  stack_trace: errorText(error),
});

/** A stack begins with the name and the message, which stand above it already. */
function framesOf(stack: Json | undefined, message: Json | undefined): Json | undefined {
  if (typeof stack !== "string" || typeof message !== "string" || message === "") return stack;
  const at = stack.indexOf(message);
  return /^(\w+: )?$/.test(at < 0 ? stack : stack.slice(0, at))
    ? stack.slice(at + message.length).replace(/^\n/, "")
    : stack;
}

/** Message, place, stack and hint, one below the other. */
function errorText(error: Json): string {
  if (typeof error !== "object" || error === null || Array.isArray(error)) return String(error);
  const { message, location, stack, hint } = error as Readonly<Record<string, Json>>;
  const lines = [message, location && `at ${location}`, framesOf(stack, message), hint && `Hint: ${hint}`];
  return lines.filter((line) => typeof line === "string" && line !== "").join("\n");
}
