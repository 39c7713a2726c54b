import { AirloomError } from "@airloom/core";
import { markTasks } from "@airloom/runs";
import type { TaskInstanceRow, Tx } from "@airloom/store";
import { z } from "zod";
import type { ApiDeps } from "../../api-deps.ts";
import type { Actor } from "../../auth/permissions.ts";
import { record, together } from "../audit.ts";
import { checkMask } from "../dags/pause.ts";
import { runIn } from "../find.ts";
import { runsAround } from "../runs/runs-around.ts";
import { instanceCollectionOf } from "./instance-shape.ts";

export const patchBody = z.strictObject({
  new_state: z.enum(["success", "failed", "skipped"]).nullish(),
  note: z.string().max(1_000).nullish(),
  include_upstream: z.boolean().default(false),
  include_downstream: z.boolean().default(false),
  include_future: z.boolean().default(false),
  include_past: z.boolean().default(false),
});
export type InstancePatch = z.output<typeof patchBody>;

/** Which instances of a run: a task (all its map indexes, or one), or several tasks. */
export interface MarkTarget {
  readonly dagId: string;
  readonly runId: string;
  readonly tasks: readonly { readonly taskId: string; readonly mapIndex?: number }[];
}

export interface MarkRequest {
  readonly target: MarkTarget;
  readonly patch: InstancePatch;
  readonly mask?: readonly string[] | undefined;
  readonly dryRun: boolean;
}

/** Marks instances, or says which it would mark. @returns them as `TaskInstanceCollectionResponse` */
export async function patchInstances(deps: ApiDeps, actor: Actor, request: MarkRequest) {
  const { target, patch, mask, dryRun } = request;
  checkMask(mask, ["new_state", "note"]);
  const wanted = (field: "new_state" | "note") => patch[field] !== undefined && (!mask || mask.includes(field));
  const state = wanted("new_state") ? (patch.new_state ?? null) : null;
  const run = await deps.store.tx((tx) => runIn(tx, target.dagId, target.runId));
  const runKeys = await runsAround(deps, run, patch);
  const changed = await together(deps, async (tx, inside) => {
    const addressed = await addressedIn(tx, run.id, target);
    const marked: TaskInstanceRow[] = [];
    for (const runKey of state ? runKeys : [])
      marked.push(...(await markTasks(inside, runKey, markOptions(request, state ?? "success"))).instances);
    if (state && marked.length === 0 && !wanted("note"))
      throw new AirloomError("CONFLICT", { reason: `What was named is ${state} already, or cannot be marked.` });
    if (dryRun) return marked;
    const noted = wanted("note") ? addressed.map((row) => row.id) : [];
    if (noted.length > 0) await tx.setTaskInstanceNotes(noted, patch.note ?? null);
    await recordMark(tx, actor, request);
    return marked.length > 0 ? marked : addressed;
  });
  return instanceCollectionOf(deps, changed);
}

const markOptions = ({ target, patch, dryRun }: MarkRequest, to: "success" | "failed" | "skipped") => ({
  to,
  tasks: target.tasks,
  includeUpstream: patch.include_upstream,
  includeDownstream: patch.include_downstream,
  dryRun,
});

async function addressedIn(tx: Tx, runKey: number, { tasks, runId, dagId }: MarkTarget) {
  const rows = await tx.listTaskInstances({ runKey, taskIds: tasks.map(({ taskId }) => taskId) });
  const found = rows.filter((row) =>
    tasks.some(
      ({ taskId, mapIndex }) => taskId === row.taskId && (mapIndex === undefined || mapIndex === row.mapIndex),
    ),
  );
  if (found.length > 0) return found;
  const names = tasks.map(({ taskId, mapIndex }) => (mapIndex === undefined ? taskId : `${taskId}[${mapIndex}]`));
  throw new AirloomError("NOT_FOUND", { what: `Task "${names.join('", "')}" in run "${runId}" of Dag "${dagId}"` });
}

async function recordMark(tx: Tx, actor: Actor, { target: { dagId, runId, tasks }, patch }: MarkRequest) {
  const { note, ...detail } = patch;
  for (const { taskId, mapIndex } of tasks)
    await record(tx, actor, {
      event: "patch_task_instance",
      dagId,
      runId,
      taskId,
      ...(mapIndex === undefined ? {} : { mapIndex }),
      detail: { ...detail, new_state: detail.new_state ?? null, has_note: note !== undefined },
    });
}
