import { AirloomError } from "@airloom/core";
import { setRunState } from "@airloom/runs";
import { z } from "zod";
import type { ApiDeps } from "../../api-deps.ts";
import type { Actor } from "../../auth/permissions.ts";
import { record, together } from "../audit.ts";
import { checkMask } from "../dags/pause.ts";
import { runIn } from "../find.ts";

export interface RunName {
  readonly dagId: string;
  readonly runId: string;
}

export const runPatchBody = z.strictObject({
  state: z.enum(["queued", "success", "failed"]).nullish(),
  note: z.string().max(1_000).nullish(),
});
export type RunPatch = z.output<typeof runPatchBody>;

/** Sets state or note, or both at once, of those that the mask names (all that was sent, without one). */
export async function patchRun(
  deps: ApiDeps,
  actor: Actor,
  {
    name,
    patch,
    mask,
  }: { readonly name: RunName; readonly patch: RunPatch; readonly mask: readonly string[] | undefined },
): Promise<void> {
  checkMask(mask, ["state", "note"]);
  const wanted = (field: keyof RunPatch) => patch[field] !== undefined && (!mask || mask.includes(field));
  await together(deps, async (tx, inside) => {
    const run = await runIn(tx, name.dagId, name.runId);
    if (patch.state && wanted("state")) await setRunState(inside, run.id, patch.state);
    if (wanted("note")) await tx.setRunNote(run.id, patch.note ?? null);
    await record(tx, actor, {
      event: "patch_dag_run",
      ...name,
      detail: { fields: Object.keys(patch), ...(patch.state ? { state: patch.state } : {}) },
    });
  });
}

/** With all it has. One that is running has to end first. */
export async function deleteRun(deps: ApiDeps, actor: Actor, { dagId, runId }: RunName): Promise<void> {
  await deps.store.tx(async (tx) => {
    const { id } = await runIn(tx, dagId, runId);
    const [run] = await tx.lockRuns([id]);
    if (run?.state === "running")
      throw new AirloomError("CONFLICT", {
        reason: `Run "${runId}" of Dag "${dagId}" is running: mark it failed or wait for its end first.`,
      });
    await tx.deleteRun(id);
    await record(tx, actor, { event: "delete_dag_run", dagId, runId });
  });
}
