import { AirloomError } from "@airloom/core";
import type { ApiClient } from "./api-client.ts";
import { dagPath, type RunEntity } from "./entities.ts";
import { about } from "./unknown-id.ts";

/**
 * A run's id as given. `latest` is the newest run by the time from which it may start, as Airflow's UI has it; but not one that was made
 * for later: when that is all there is, it is the one that comes next.
 */
export async function resolveRunId(api: ApiClient, dagId: string, given: string): Promise<string> {
  if (given !== "latest") return given;
  const newest = await newestRun(api, dagId);
  if (!newest) throw new AirloomError("CLI_UNKNOWN_ID", { noun: "run of Dag", id: dagId, meant: [], none: true });
  return newest.dag_run_id;
}

/** A run that was triggered just now may be ahead of this machine's clock, ms. */
const clockSkewMs = 60_000;

/** Null when the Dag has no run yet. */
async function newestRun(api: ApiClient, dagId: string): Promise<RunEntity | null> {
  const first = async (query: Readonly<Record<string, string>>): Promise<RunEntity | null> => {
    const { dag_runs } = await about({ api, ids: { dagId } }, () =>
      api.call<{ dag_runs: readonly RunEntity[] }>({
        path: `${dagPath(dagId)}/dagRuns`,
        query: { ...query, limit: 1 },
      }),
    );
    return dag_runs[0] ?? null;
  };
  const run_after_lte = new Date(Date.now() + clockSkewMs).toISOString();
  return (await first({ order_by: "-run_after", run_after_lte })) ?? first({ order_by: "run_after" });
}
