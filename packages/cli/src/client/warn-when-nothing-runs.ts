import type { ApiClient } from "./api-client.ts";
import { type DagEntity, dagPath, type HealthEntity } from "./entities.ts";

/** A run that nobody will start looks like a run that hangs: says on standard error why it will not go on. */
export async function warnWhenNothingRuns(api: ApiClient, dagId: string): Promise<void> {
  const [health, dag] = await Promise.all([
    api.call<HealthEntity>({ path: "/api/v2/monitor/health" }),
    api.call<DagEntity>({ path: dagPath(dagId) }),
  ]);
  if (health.scheduler.status !== "healthy")
    process.stderr.write("warning: no scheduler is running, so nothing runs yet. Start one: airloom standalone\n");
  if (dag.is_paused)
    process.stderr.write(`warning: ${dagId} is paused, so its runs wait. Go on with: airloom dags unpause ${dagId}\n`);
}
