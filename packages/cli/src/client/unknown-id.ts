import { AirloomError } from "@airloom/core";
import { closest } from "../output/closest.ts";
import type { ApiClient } from "./api-client.ts";
import { dagPath, type InstanceEntity, runPath } from "./entities.ts";
import { type Listing, listAll } from "./pages.ts";

/** The ids a command was given; what each names is looked up in this order when the API knows one of them not. */
export interface GivenIds {
  readonly dagId?: string;
  readonly runId?: string;
  readonly taskId?: string;
  /** Of a mapped task; -1 or nothing when none was named. */
  readonly mapIndex?: number | undefined;
  readonly pool?: string;
  readonly variable?: string;
  readonly connection?: string;
}

/**
 * Runs a request about these ids. When something is not found, says which id it is and what it probably should have been.
 * @throws CLI_UNKNOWN_ID
 * @example await about({ api, ids: { dagId } }, () => api.call({ path: dagPath(dagId) }))
 */
export async function about<T>(
  { api, ids }: { readonly api: ApiClient; readonly ids: GivenIds },
  request: () => Promise<T>,
): Promise<T> {
  try {
    return await request();
  } catch (error) {
    if (!(error instanceof AirloomError) || error.data.status !== 404) throw error;
    for (const name of checksOf(ids)) await refuseUnknown(api, name);
    await refuseMapIndex(api, ids);
    throw error;
  }
}

interface Check {
  readonly noun: string;
  readonly id: string;
  readonly field: string;
  readonly listing: Listing;
}

function checksOf({ dagId, runId, taskId, pool, variable, connection }: GivenIds): readonly Check[] {
  const checks: Check[] = [];
  const add = (id: string | undefined, check: Omit<Check, "id">): void => {
    if (id !== undefined) checks.push({ id, ...check });
  };
  add(dagId, { noun: "Dag", field: "dag_id", listing: { path: "/api/v2/dags", items: "dags" } });
  if (dagId !== undefined) {
    const runs = {
      path: `${dagPath(dagId)}/dagRuns`,
      items: "dag_runs",
      query: { order_by: "-run_after" },
      limit: 100,
    };
    add(runId, { noun: "Dag run", field: "dag_run_id", listing: runs });
    add(taskId, { noun: "task", field: "task_id", listing: tasksOf(dagId, runId) });
  }
  add(pool, { noun: "pool", field: "name", listing: { path: "/api/v2/pools", items: "pools" } });
  add(variable, { noun: "variable", field: "key", listing: { path: "/api/v2/variables", items: "variables" } });
  const connections = { path: "/api/v2/connections", items: "connections" };
  add(connection, { noun: "connection", field: "connection_id", listing: connections });
  return checks;
}

/** Of the run when one is named: it may be of an older version. */
const tasksOf = (dagId: string, runId: string | undefined): Listing =>
  runId === undefined
    ? { path: `${dagPath(dagId)}/tasks`, items: "tasks" }
    : { path: `${runPath(dagId, runId)}/taskInstances`, items: "task_instances", limit: 1_000 };

async function refuseUnknown(api: ApiClient, { noun, id, field, listing }: Check): Promise<void> {
  const entities = await listAll<Readonly<Record<string, unknown>>>(api, listing).catch(() => null);
  if (!entities) return;
  const known = [...new Set(entities.map((entity) => String(entity[field])))];
  if (known.includes(id)) return;
  throw new AirloomError("CLI_UNKNOWN_ID", { noun, id, meant: closest(id, known), none: known.length === 0 });
}

/** The task is there, but not this element of it. */
async function refuseMapIndex(api: ApiClient, { dagId, runId, taskId, mapIndex = -1 }: GivenIds): Promise<void> {
  if (dagId === undefined || runId === undefined || taskId === undefined) return;
  const path = `${runPath(dagId, runId)}/taskInstances`;
  const found = await listAll<InstanceEntity>(api, { path, items: "task_instances", query: { task_id: taskId } });
  const indexes = found.map(({ map_index }) => map_index);
  if (indexes.includes(mapIndex)) return;
  const last = Math.max(...indexes);
  const has = last < 0 ? "It is not mapped, or not expanded yet." : `Name one of 0 to ${last} with --map-index.`;
  const reason = mapIndex < 0 ? `Task "${taskId}" is mapped` : `Task "${taskId}" has no map index ${mapIndex}`;
  throw new AirloomError("CLI_USAGE", { reason: `${reason}. ${has}` });
}
