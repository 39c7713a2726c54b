import { AirloomError } from "@airloom/core";
import { planNextRun } from "@airloom/runs";
import type { ApiDeps } from "../../api-deps.ts";
import type { Actor } from "../../auth/permissions.ts";
import { record } from "../audit.ts";

/** Pauses Dags or lets them go on; their schedule is planned anew then, so that what was missed is passed over without catch-up. */
export async function setPaused(
  deps: ApiDeps,
  actor: Actor,
  change: { readonly dagIds: readonly string[]; readonly paused: boolean; readonly event: string },
): Promise<void> {
  const { dagIds, paused, event } = change;
  const changed = await deps.store.tx(async (tx) => {
    const changed = await tx.setPaused(dagIds, paused);
    for (const dagId of paused ? [] : changed) {
      const dag = await tx.findDag(dagId);
      if (dag) await planNextRun(tx, dag, await deps.versions.load(tx, dag.versionId));
    }
    for (const dagId of dagIds) await record(tx, actor, { event, dagId, detail: { is_paused: paused } });
    return changed;
  });
  const told = paused ? "dag:paused" : "dag:unpaused";
  for (const dagId of changed) deps.tell({ event: told, dagId, reason: `by ${actor.name}` });
  deps.store.hint("dags");
  if (paused) return;
  deps.store.hint("runs");
  deps.store.hint("admission");
}

/** @throws BAD_REQUEST when a mask names what cannot be patched. */
export function checkMask(mask: readonly string[] | undefined, allowed: readonly string[]): void {
  const wrong = (mask ?? []).filter((name) => !allowed.includes(name));
  if (wrong.length > 0)
    throw new AirloomError("BAD_REQUEST", {
      reason: `update_mask names ${wrong.join(", ")}; it may name ${allowed.join(", ")}.`,
    });
}
