import { AirloomError } from "@airloom/core";
import type { ApiClient } from "./api-client.ts";
import { dagPath, type RunEntity } from "./entities.ts";
import { about } from "./unknown-id.ts";

/** A run's id as given; `latest` is the newest run of the Dag. */
export async function resolveRunId(api: ApiClient, dagId: string, given: string): Promise<string> {
  if (given !== "latest") return given;
  const newest = await newestRun(api, dagId);
  if (!newest) throw new AirloomError("CLI_UNKNOWN_ID", { noun: "run of Dag", id: dagId, meant: [], none: true });
  return newest.dag_run_id;
}

/** Null when the Dag has no run yet. */
async function newestRun(api: ApiClient, dagId: string): Promise<RunEntity | null> {
  const query = { order_by: "-run_after", limit: 1 };
  const { dag_runs } = await about({ api, ids: { dagId } }, () =>
    api.call<{ dag_runs: readonly RunEntity[] }>({ path: `${dagPath(dagId)}/dagRuns`, query }),
  );
  return dag_runs[0] ?? null;
}
