import { AirloomError } from "@airloom/core";
import type { Version } from "@airloom/runs";
import type {
  Condition,
  DagListing,
  DagRow,
  DagRunField,
  DagRunListing,
  DagRunRow,
  ListQuery,
  TaskInstanceListing,
  TaskInstanceRow,
  Tx,
} from "@airloom/store";
import type { ApiDeps } from "../api-deps.ts";
import { everything } from "./ids.ts";

/** A field that has this value. */
export const is = <Field extends string>(
  field: Field,
  ...values: readonly (string | number | boolean | null)[]
): Condition<Field> => ({ kind: "in", field, values });

/** At most so many rows under these conditions, in the list's own order. */
export const first = <Field extends string>(
  limit: number,
  ...where: readonly Condition<Field>[]
): ListQuery<Field> => ({
  where,
  orderBy: [],
  limit,
  offset: 0,
});

const missing = (what: string): AirloomError => new AirloomError("NOT_FOUND", { what });
const dagName = (dagId: string): string => `The Dag with id "${dagId}"`;
const runName = (dagId: string, runId: string): string => `The run "${runId}" of Dag "${dagId}"`;

/** @throws NOT_FOUND */
export async function dagIn(tx: Tx, dagId: string): Promise<DagRow> {
  const dag = await tx.findDag(dagId);
  if (!dag) throw missing(dagName(dagId));
  return dag;
}

/** @throws NOT_FOUND */
export async function runIn(tx: Tx, dagId: string, runId: string): Promise<DagRunRow> {
  const run = await tx.findRun(dagId, runId);
  if (!run) throw missing(runName(dagId, runId));
  return run;
}

/** @throws NOT_FOUND */
export async function instanceIn(
  tx: Tx,
  run: DagRunRow,
  { taskId, mapIndex }: { readonly taskId: string; readonly mapIndex: number },
): Promise<TaskInstanceRow> {
  const rows = await tx.listTaskInstances({ runKey: run.id, taskIds: [taskId] });
  const row = rows.find((one) => one.mapIndex === mapIndex);
  if (row) return row;
  const name = `${taskId}${mapIndex < 0 ? "" : `[${mapIndex}]`}`;
  const hint = rows.length > 0 ? "It is a mapped task: name one of its map indexes." : undefined;
  throw new AirloomError("NOT_FOUND", { what: `Task "${name}" in ${runName(run.dagId, run.runId)}`, hint });
}

/** @throws NOT_FOUND */
export async function dagListing({ reads }: ApiDeps, dagId: string): Promise<DagListing> {
  const [dag] = (await reads.listDags(first(1, is("dagId", dagId)))).rows;
  if (!dag) throw missing(dagName(dagId));
  return dag;
}

/** @throws NOT_FOUND */
export async function runListing({ reads }: ApiDeps, dagId: string, runId: string): Promise<DagRunListing> {
  const [run] = (await reads.listRuns(first(1, is("dagId", dagId), is("runId", runId)))).rows;
  if (!run) throw missing(runName(dagId, runId));
  return run;
}

/** Those that still exist, in the order of their runs. */
export async function instanceListings(
  { reads }: ApiDeps,
  ids: readonly string[],
): Promise<readonly TaskInstanceListing[]> {
  if (ids.length === 0) return [];
  return (await reads.listTaskInstances(first(ids.length, is("id", ...ids)))).rows;
}

/** Conditions for `{dag_id}` and `{dag_run_id}` of a list's path, where `~` means all. @throws NOT_FOUND for one that is named but is not there */
export async function pathConditions(
  deps: ApiDeps,
  { dag_id, dag_run_id = everything }: { readonly dag_id: string; readonly dag_run_id?: string },
): Promise<readonly Condition<Extract<DagRunField, "dagId" | "runId">>[]> {
  if (dag_id !== everything)
    await deps.store.tx(async (tx) => {
      await dagIn(tx, dag_id);
      if (dag_run_id !== everything) await runIn(tx, dag_id, dag_run_id);
    });
  return [
    ...(dag_id === everything ? [] : [is("dagId" as const, dag_id)]),
    ...(dag_run_id === everything ? [] : [is("runId" as const, dag_run_id)]),
  ];
}

/**
 * The Specs of these versions, mostly from memory. One that cannot be read, or whose Dag was deleted since it was listed, is left
 * out, so that a list shows all the others.
 */
export async function versionsOf(deps: ApiDeps, ids: readonly string[]): Promise<ReadonlyMap<string, Version>> {
  const wanted = [...new Set(ids)];
  if (wanted.length === 0) return new Map();
  return deps.store.tx(async (tx) => {
    const loaded = await Promise.all(wanted.map((id) => deps.versions.load(tx, id).catch(unlessOneOfMany)));
    return new Map(wanted.flatMap((id, index) => (loaded[index] ? [[id, loaded[index]] as const] : [])));
  });
}

function unlessOneOfMany(error: unknown): null {
  if (error instanceof AirloomError && (error.code === "VERSION_UNREADABLE" || error.code === "NOT_FOUND")) return null;
  throw error;
}
