import { AirloomError } from "@airloom/core";
import { clearTasks } from "@airloom/runs";
import { z } from "zod";
import type { ApiDeps } from "../../api-deps.ts";
import type { Actor } from "../../auth/permissions.ts";
import { record, together } from "../audit.ts";
import { runIn, runListing } from "../find.ts";
import { instanceCollectionOf } from "../task-instances/instance-shape.ts";
import type { RunName } from "./change-run.ts";
import { runShape } from "./run-shape.ts";

/** Body of a clear of a whole run. It only says what it would do, unless told otherwise. */
export const runClearBody = z.strictObject({
  dry_run: z.boolean().default(true),
  only_failed: z.boolean().default(false),
  only_new: z.boolean().default(false),
  run_on_latest_version: z.boolean().nullish(),
  note: z.string().max(1_000).nullish(),
});

/** @returns the instances a dry run would clear, else the run. */
export async function clearRun(
  deps: ApiDeps,
  actor: Actor,
  { name, body }: { readonly name: RunName; readonly body: z.output<typeof runClearBody> },
) {
  const { dry_run: dryRun, only_failed: onlyFailed } = body;
  refuseVersionChange(body);
  const { instances } = await together(deps, async (tx, inside) => {
    const run = await runIn(tx, name.dagId, name.runId);
    const cleared = await clearTasks(inside, run.id, { tasks: null, onlyFailed, dryRun });
    if (dryRun) return cleared;
    if (body.note !== undefined) await tx.setRunNote(run.id, body.note ?? null);
    await record(tx, actor, { event: "clear_dag_run", ...name, detail: { only_failed: onlyFailed } });
    return cleared;
  });
  return dryRun ? instanceCollectionOf(deps, instances) : runShape(await runListing(deps, name.dagId, name.runId));
}

/** A run keeps the version it was made with; so no tasks are new to it either. */
export function refuseVersionChange(body: {
  readonly only_new?: boolean;
  readonly run_on_latest_version?: boolean | null | undefined;
}): void {
  if (body.run_on_latest_version || body.only_new)
    throw new AirloomError("BAD_REQUEST", {
      reason: "Runs stay with the version they were made with: trigger a new run to use the newest one.",
    });
}
