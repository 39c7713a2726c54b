import { apiOf } from "../support/api-of.ts";
import { broken } from "../support/broken-invariants.ts";
import { databaseOf, rowsOf } from "../support/database-of.ts";
import type { TemporaryProject } from "../support/temporary-project.ts";
import { until } from "../support/until.ts";
import type { World } from "./world.ts";

/** What odd input left behind. */
export interface Aftermath {
  /** Errors and unhandled rejections in the server's log. */
  readonly log: readonly string[];
  readonly invariants: readonly string[];
  /** Why a good pipeline does not run any more; null when it does. */
  readonly pipeline: string | null;
}

/** Looks at the log, starts everything again, and runs a pipeline that no request has touched. */
export async function aftermathOf(world: World): Promise<Aftermath> {
  const log = oddLines(world.server.output());
  await world.goOn();
  const pipeline = await runGood(world).catch((error: unknown) => String(error));
  const invariants = await until(
    "what must hold holds",
    async () => {
      const found = await broken(await databaseOf(world.project));
      if (found.length > 0) throw new Error(found.join("\n"));
      return ["holds"];
    },
    { within: 60_000, every: 1_000 },
  ).then(
    () => [],
    (error: unknown) => [String(error)],
  );
  return { log, invariants, pipeline };
}

const oddLines = (output: string): readonly string[] =>
  output
    .split(/\n(?=\d\d:\d\d:\d\d)/)
    .filter((record) => /^\S+ ERROR |[Uu]nhandled|Warning:/.test(record))
    .map((record) => record.slice(0, 1_500));

async function runGood({ project }: World): Promise<string | null> {
  const api = await apiOf(project);
  // Requests may have changed these rightly: whoever may, did.
  await api.send("PATCH", "/api/v2/dags/ticking", { is_paused: true });
  await api.send("PATCH", "/api/v2/dags/good", { is_paused: false });
  await api.send("PATCH", "/api/v2/pools/default_pool", { slots: 128 });
  const run = await api.trigger("good");
  const state = await api.ended(run, { within: 60_000 }).catch(async (error: unknown) => {
    const why = await api.ask("GET", `/api/airloom/explain/good/${encodeURIComponent(run.dag_run_id)}`);
    return `${String(error)} ${JSON.stringify(why.body)} ${await whatIsThere(project)}`;
  });
  if (state !== "success") return `the run ended as ${state}`;
  const sum = await api.xcom(run, "sum");
  return sum === 14 ? null : `the sum was ${JSON.stringify(sum)}`;
}

/** What stands in the way, for whoever has to find out why. */
async function whatIsThere(project: TemporaryProject): Promise<string> {
  const url = await databaseOf(project);
  const sql =
    "select state, count(*)::int, min(priority), max(priority) from task_instance where state in ('scheduled', 'queued', 'running') group by state";
  const workers = "select worker_id, hostname, slots, queues, executor from worker";
  return JSON.stringify([await rowsOf(url, sql), (await rowsOf(url, workers)).slice(0, 5)]);
}
