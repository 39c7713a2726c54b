import { AirloomError, commitPoint } from "@airloom/core";
import type { XComField, XComListing } from "@airloom/store";
import { toJsonView } from "@airloom/wire";
import { z } from "zod";
import type { ApiDeps } from "../../api-deps.ts";
import type { Actor } from "../../auth/permissions.ts";
import { iso } from "../../http/instant.ts";
import { flag, listOf } from "../../http/list-query.ts";
import { type AnyRoute, route } from "../../http/route.ts";
import { record } from "../audit.ts";
import { first, instanceIn, is, pathConditions, runIn, versionsOf } from "../find.ts";
import { everything, mapIndexQuery, taskPath } from "../ids.ts";
import { readXCom, xcomOf } from "./xcom-value.ts";

const path = "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries";
const entryPath = taskPath.extend({ xcom_key: z.string().min(1).max(512) });
const xcomList = listOf<XComField>({
  orderBy: {
    key: "key",
    xcom_key: "key",
    dag_id: "dagId",
    run_id: "runId",
    task_id: "taskId",
    map_index: "mapIndex",
    timestamp: "updatedAt",
    run_after: "runAfter",
    logical_date: "logicalDate",
  },
  anyOf: {
    xcom_key: { field: "key", of: "text" },
    map_index: { field: "mapIndex", of: "integer" },
    map_index_filter: { field: "mapIndex", of: "integer" },
  },
  text: { xcom_key: "key", dag_display_name: "displayName", run_id: "runId", task_id: "taskId" },
  range: { logical_date: { field: "logicalDate", of: "instant" }, run_after: { field: "runAfter", of: "instant" } },
});
const createBody = z.strictObject({
  key: z.string().min(1).max(512),
  value: z.json(),
  map_index: z.number().int().min(-1).default(-1),
});
const updateBody = z.strictObject({ value: z.json(), map_index: z.number().int().min(-1).default(-1) });

/** Values that tasks left behind. */
export const xcomRoutes = (deps: ApiDeps): readonly AnyRoute[] => [...readRoutes(deps), ...writeRoutes(deps)];

const readRoutes = (deps: ApiDeps): readonly AnyRoute[] => [
  route({
    method: "GET",
    path,
    summary: "Get Xcom Entries",
    can: "read",
    params: taskPath,
    query: xcomList.query,
    handle: async ({ params, query }) => {
      const task = params.task_id === everything ? [] : [is("taskId" as const, params.task_id)];
      const where = [...(await pathConditions(deps, params)), ...task];
      const { rows, total } = await deps.reads.listXComs(xcomList.toQuery(query, where));
      return { xcom_entries: await shapes(deps, rows), total_entries: total };
    },
  }),
  route({
    method: "GET",
    path: `${path}/{xcom_key}`,
    summary: "Get Xcom Entry",
    can: "read",
    params: entryPath,
    // Values are data, never objects of a class: `deserialize` changes nothing.
    query: mapIndexQuery.extend({ deserialize: flag.default(false), stringify: flag.default(false) }),
    handle: ({ params, query }) => entry(deps, placeOf(params, params.xcom_key, query.map_index), query.stringify),
  }),
];

const writeRoutes = (deps: ApiDeps): readonly AnyRoute[] => [
  route({
    method: "POST",
    path,
    summary: "Create Xcom Entry",
    can: "change values",
    status: 201,
    params: taskPath,
    body: createBody,
    handle: ({ params, body, actor }) =>
      write(deps, actor, { place: placeOf(params, body.key, body.map_index), value: body.value, isNew: true }),
  }),
  route({
    method: "PATCH",
    path: `${path}/{xcom_key}`,
    summary: "Update Xcom Entry",
    can: "change values",
    params: entryPath,
    body: updateBody,
    handle: ({ params, body, actor }) =>
      write(deps, actor, { place: placeOf(params, params.xcom_key, body.map_index), value: body.value, isNew: false }),
  }),
  route({
    method: "DELETE",
    path: `${path}/{xcom_key}`,
    summary: "Delete Xcom Entry",
    can: "change values",
    status: 204,
    params: entryPath,
    query: mapIndexQuery,
    handle: ({ params, query, actor }) => remove(deps, actor, placeOf(params, params.xcom_key, query.map_index)),
  }),
];

interface Place {
  readonly dagId: string;
  readonly runId: string;
  readonly taskId: string;
  readonly mapIndex: number;
  readonly key: string;
}

const placeOf = (params: z.output<typeof taskPath>, key: string, mapIndex: number): Place => ({
  dagId: params.dag_id,
  runId: params.dag_run_id,
  taskId: params.task_id,
  mapIndex,
  key,
});

const missing = ({ key, taskId, runId, dagId }: Place) =>
  new AirloomError("NOT_FOUND", { what: `The XCom "${key}" of task "${taskId}" in run "${runId}" of Dag "${dagId}"` });

async function entry(deps: ApiDeps, place: Place, stringify: boolean) {
  const found = await deps.store.tx(async (tx) => {
    const run = await runIn(tx, place.dagId, place.runId);
    return readXCom(tx, { ...place, runKey: run.id });
  });
  const { dagId, runId, taskId, mapIndex, key } = place;
  const where = [
    is("dagId" as const, dagId),
    is("runId" as const, runId),
    is("taskId" as const, taskId),
    is("key" as const, key),
  ];
  const { rows } = await deps.reads.listXComs(first(1, ...where, is("mapIndex", mapIndex)));
  const [shape] = await shapes(deps, rows);
  if (!found || !shape) throw missing(place);
  const value = toJsonView(found.value);
  return { ...shape, value: stringify && typeof value !== "string" ? JSON.stringify(value) : value };
}

async function shapes(deps: ApiDeps, rows: readonly XComListing[]) {
  const versions = await versionsOf(
    deps,
    rows.map((row) => row.versionId),
  );
  return rows.map((row) => ({
    key: row.key,
    timestamp: iso(row.updatedAt),
    logical_date: iso(row.logicalDate),
    map_index: row.mapIndex,
    task_id: row.taskId,
    dag_id: row.dagId,
    run_id: row.runId,
    dag_display_name: row.displayName,
    task_display_name: versions.get(row.versionId)?.graph.tasks.get(row.taskId)?.displayName ?? row.taskId,
    run_after: iso(row.runAfter),
    team_name: null,
  }));
}

interface Write {
  readonly place: Place;
  readonly value: unknown;
  readonly isNew: boolean;
}

/** A new value where none is, or another one where there is one. */
async function write(deps: ApiDeps, actor: Actor, { place, value, isNew }: Write) {
  await deps.store.tx(async (tx) => {
    const run = await runIn(tx, place.dagId, place.runId);
    await instanceIn(tx, run, place);
    const at = { runKey: run.id, taskId: place.taskId, mapIndex: place.mapIndex, key: place.key };
    const known = await tx.findXCom(at);
    if (isNew && known)
      throw new AirloomError("CONFLICT", {
        reason: `The XCom "${place.key}" of task "${place.taskId}" is there already.`,
      });
    if (!isNew && !known) throw missing(place);
    const { graph } = await deps.versions.load(tx, run.versionId);
    if (globalThis.FAILPOINTS) commitPoint(tx, "api.xcom");
    await tx.putXComs([xcomOf(at, value, graph.tasks.get(place.taskId)?.elementwise ?? false)]);
    await record(tx, actor, eventOf(isNew ? "create_xcom_entry" : "update_xcom_entry", place));
  });
  return entry(deps, place, false);
}

const remove = (deps: ApiDeps, actor: Actor, place: Place): Promise<void> =>
  deps.store.tx(async (tx) => {
    const run = await runIn(tx, place.dagId, place.runId);
    if (!(await tx.deleteXCom({ ...place, runKey: run.id }))) throw missing(place);
    await record(tx, actor, eventOf("delete_xcom_entry", place));
  });

const eventOf = (event: string, { dagId, runId, taskId, mapIndex, key }: Place) => ({
  event,
  dagId,
  runId,
  taskId,
  mapIndex,
  detail: { key },
});
