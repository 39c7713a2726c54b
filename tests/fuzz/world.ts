import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createTokens } from "@airloom/api/tokens";
import { type Api, apiOf } from "../support/api-of.ts";
import { type RunningAirloom, startAirloom, startStandalone, untilSaid } from "../support/running-airloom.ts";
import { type TemporaryProject, temporaryProject } from "../support/temporary-project.ts";
import { until } from "../support/until.ts";

export const roles = ["viewer", "user", "op", "admin"] as const;
export type Sender = (typeof roles)[number] | "worker";

/** An Airloom with a past: Dags that ran, failed, mapped, and values, pools, variables and connections. */
export interface World {
  readonly project: TemporaryProject;
  readonly tokens: Readonly<Record<Sender, string>>;
  /** The API server alone: nothing else changes what requests meet, and its memory is its own. */
  readonly server: RunningAirloom;
  readonly api: Api;
  readonly importErrorId: number;
  readonly eventLogId: number;
  /** Ends the server and starts everything: what was broken must show itself. */
  goOn(): Promise<void>;
  remove(): Promise<void>;
}

/** Dags that requests may name, by what they have. */
export const dagIds = ["shapes", "dates", "failing", "pooled", "ticking"] as const;
/** Those that no request may start: what must run at the end, and one that would hold a worker's slot for ever. */
const apartDags = ["good", "waits"] as const;
export const spareDags: readonly string[] = Array.from({ length: 20 }, (_, index) => `spare_${index}`);
export const spareRuns: readonly string[] = Array.from({ length: 12 }, (_, index) => `spare_${index}`);
export const spareKeys: readonly string[] = Array.from({ length: 6 }, (_, index) => `spare${index}`);
/** Runs of `shapes` that have ended. */
export const endedRuns = ["ended_1", "ended_2"] as const;

const spareFile = (): string =>
  [
    'import { dag, task } from "airloom";',
    'const only = task("only", () => 1);',
    ...spareDags.map((id) => `export const ${id} = dag("${id}", {}, () => {\n  only();\n});`),
  ].join("\n");

/** What must still work at the end. No request names it. */
const goodFile = `import { dag, task } from "airloom";
const numbers = task("numbers", () => [1, 2, 3]);
const square = task("square", (n: number) => n * n);
const sum = task("sum", (all: number[]) => all.reduce((a, b) => a + b, 0));
export default dag("good", {}, () => {
  sum(square.expand(numbers()));
});
`;

export async function createWorld(): Promise<World> {
  const project = await temporaryProject({
    files: ["dags/shapes.ts", "dags/long.ts"],
    environment: { AIRLOOM__API__EXPOSE_CONFIG: "true", AIRLOOM__LOGGING__LEVEL: "info" },
  });
  project.write("dags/spares.ts", spareFile());
  project.write("dags/good.ts", goodFile);
  project.write("dags/broken.ts", 'throw new Error("broken on purpose");\n');
  let running: RunningAirloom | undefined;
  try {
    running = await startStandalone(project);
    await live(await apiOf(project));
    await running.interrupt();
    running = await startAirloom(project, ["api-server"]);
    await untilSaid(running, "API is ready");
    return await worldOf(project, running);
  } catch (error) {
    await running?.interrupt();
    await project.remove();
    throw error;
  }
}

async function live(api: Api): Promise<void> {
  await until(
    "the Dags and the import error are there",
    async () => {
      const dags = await api.get<{ total_entries: number }>("/api/v2/dags");
      const broken = await api.get<{ total_entries: number }>("/api/v2/importErrors");
      const wanted = dagIds.length + spareDags.length + apartDags.length;
      if (dags.total_entries === wanted && broken.total_entries === 1) return true;
      throw new Error(`${dags.total_entries} of ${wanted} Dags; errors: ${JSON.stringify(broken).slice(0, 1_500)}`);
    },
    { within: 120_000, every: 200 },
  );
  const runs = [
    ...endedRuns.map((id) => ["shapes", id] as const),
    ["failing", "ended_1"] as const,
    ["dates", "ended_1"] as const,
  ];
  const started = await Promise.all(runs.map(([dag, id]) => api.trigger(dag, { dag_run_id: id })));
  for (const run of started) await api.ended(run, { within: 60_000 });
}

async function worldOf(project: TemporaryProject, server: RunningAirloom): Promise<World> {
  const key = (name: string): string => readFileSync(join(project.home, "keys", name), "utf8").trim();
  const tokens = createTokens(Buffer.from(key("signing"), "base64"));
  const issue = (role: (typeof roles)[number]) => tokens.issue({ name: `the ${role}`, role }, 86_400, new Date());
  const api = await apiOf(project);
  const errors = await api.get<{ import_errors: { import_error_id: number }[] }>("/api/v2/importErrors");
  const events = await api.get<{ event_logs: { event_log_id: number }[] }>("/api/v2/eventLogs");
  let running = server;
  return {
    project,
    api,
    server,
    tokens: {
      viewer: issue("viewer"),
      user: issue("user"),
      op: issue("op"),
      admin: issue("admin"),
      worker: key("worker"),
    },
    importErrorId: errors.import_errors[0]?.import_error_id ?? 0,
    eventLogId: events.event_logs[0]?.event_log_id ?? 0,
    goOn: async () => {
      await running.interrupt();
      running = await startStandalone(project);
    },
    remove: async () => {
      await running.interrupt();
      await project.remove();
    },
  };
}

/** Makes again what requests may have removed; what is there stays. */
export async function refill({ api }: World): Promise<void> {
  for (const dag_run_id of spareRuns) {
    const made = await api.ask("POST", "/api/v2/dags/dates/dagRuns", { dag_run_id, logical_date: null });
    // A run that goes on may not be deleted.
    if (made.status < 300) await api.ask("PATCH", `/api/v2/dags/dates/dagRuns/${dag_run_id}`, { state: "success" });
  }
  for (const key of spareKeys) {
    await api.ask("POST", "/api/v2/variables", { key, value: "v" });
    await api.ask("POST", "/api/v2/pools", { name: key, slots: 3 });
    await api.ask("POST", "/api/v2/connections", { connection_id: key, conn_type: "http", password: "p" });
    for (const run of endedRuns)
      await api.ask("POST", `/api/v2/dags/shapes/dagRuns/${encodeURIComponent(run)}/taskInstances/list/xcomEntries`, {
        key,
        value: [1],
      });
  }
}
