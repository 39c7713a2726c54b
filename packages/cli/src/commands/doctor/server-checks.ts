import { AirloomError } from "@airloom/core";
import type { ApiClient } from "../../client/api-client.ts";
import type { ImportErrorEntity, InstanceEntity, RunEntity } from "../../client/entities.ts";
import { runPath } from "../../client/entities.ts";
import { listAll } from "../../client/pages.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";

/** What the API knows. A check that cannot be made has failed. */
export async function serverChecks(api: ApiClient): Promise<readonly Finding[]> {
  const checks = {
    clock,
    services,
    workers,
    "import errors": importErrors,
    quarantine,
    "stuck runs": stuckRuns,
    "stuck tasks": stuckTasks,
  };
  const findings: Finding[] = [];
  for (const [name, check] of Object.entries(checks)) findings.push(await made(name, () => check(api)));
  return findings;
}

async function made(name: string, check: () => Promise<Finding>): Promise<Finding> {
  try {
    return await check();
  } catch (error) {
    const hint = error instanceof AirloomError ? error.hint : "";
    return fail(
      name,
      `could not be checked: ${error instanceof Error ? error.message : String(error)}`,
      hint || "Correct what the message names.",
    );
  }
}

interface Process {
  readonly kind?: string;
  readonly hostname: string;
  readonly pid: number;
  readonly heartbeat_at: string;
}

interface Cluster {
  readonly now: string;
  readonly services: readonly Process[];
  readonly workers: readonly (Process & { readonly slots: number })[];
  readonly quarantine: readonly {
    readonly dag_id: string;
    readonly run_id: string | null;
    readonly code: string;
    readonly reason: string;
  }[];
}

const clusterOf = (api: ApiClient): Promise<Cluster> => api.call<Cluster>({ path: "/api/airloom/cluster" });

/** Leases and timetables go by the database's clock; people and logs by the machines'. */
async function clock(api: ApiClient): Promise<Finding> {
  const before = Date.now();
  const { now } = await clusterOf(api);
  const middle = (before + Date.now()) / 2;
  const skew = Math.abs(new Date(now).getTime() - middle) / 1_000;
  if (skew < 2) return ok("clock", "as the database's");
  return warn(
    "clock",
    `${skew.toFixed(1)} s apart from the database's`,
    "Let both machines keep time by NTP: log times will not match else.",
  );
}

/** A process silent so long counts as gone (as Airflow), ms. */
const silentMs = 30_000;

const alive = (processes: readonly Process[], now: string): readonly Process[] =>
  processes.filter(({ heartbeat_at }) => new Date(now).getTime() - new Date(heartbeat_at).getTime() < silentMs);

const placeOf = ({ hostname, pid }: Process): string => `${hostname} (process ${pid})`;

async function services(api: ApiClient): Promise<Finding> {
  const { now, services: all } = await clusterOf(api);
  const schedulers = alive(all, now).filter(({ kind }) => kind === "scheduler");
  if (schedulers.length > 0) return ok("scheduler", schedulers.map(placeOf).join(", "));
  return warn("scheduler", "none is alive: no run starts", "Start airloom standalone, or airloom scheduler.");
}

async function workers(api: ApiClient): Promise<Finding> {
  const cluster = await clusterOf(api);
  const living = alive(cluster.workers, cluster.now);
  if (living.length > 0) return ok("workers", living.map(placeOf).join(", "));
  return warn("workers", "none is alive: no task runs", "Start airloom standalone, or airloom worker.");
}

async function importErrors(api: ApiClient): Promise<Finding> {
  const found = await listAll<ImportErrorEntity>(api, { path: "/api/v2/importErrors", items: "import_errors" });
  if (found.length === 0) return ok("import errors", "every Dag file loads");
  const files = found.map(({ filename }) => filename).join(", ");
  return warn(
    "import errors",
    `${found.length} Dag files do not load: ${files}`,
    "airloom dags list-import-errors shows why.",
  );
}

/** What could not be decided is left alone and tried again: nobody else is held up, but somebody has to look. */
async function quarantine(api: ApiClient): Promise<Finding> {
  const { quarantine: aside } = await clusterOf(api);
  const [first] = aside;
  if (!first) return ok("quarantine", "every run can be decided");
  const names = aside.slice(0, 5).map(({ dag_id, run_id }) => (run_id === null ? dag_id : `${dag_id} ${run_id}`));
  const more = aside.length > 5 ? ` and ${aside.length - 5} more` : "";
  return warn(
    "quarantine",
    `${aside.length} set aside: ${names.join(", ")}${more}; ${first.code}: ${first.reason}`,
    `airloom explain ${first.dag_id}${first.run_id === null ? "" : ` ${first.run_id}`} says more.`,
  );
}

const finishedStates: ReadonlySet<string | null> = new Set([
  "success",
  "failed",
  "skipped",
  "upstream_failed",
  "removed",
]);

/** A run whose tasks have all ended ends within a moment: one that does not has been forgotten. */
async function stuckRuns(api: ApiClient): Promise<Finding> {
  const query = { state: "running", order_by: "run_after" };
  const running = await listAll<RunEntity>(api, {
    path: "/api/v2/dags/~/dagRuns",
    items: "dag_runs",
    query,
    limit: 50,
  });
  const stuck: string[] = [];
  for (const run of running) {
    const path = `${runPath(run.dag_id, run.dag_run_id)}/taskInstances`;
    const instances = await listAll<InstanceEntity>(api, { path, items: "task_instances", limit: 1_000 });
    const lastEnd = Math.max(0, ...instances.map(({ end_date }) => new Date(end_date ?? 0).getTime()));
    const over = instances.length > 0 && instances.every(({ state }) => finishedStates.has(state));
    if (over && Date.now() - lastEnd > silentMs) stuck.push(`${run.dag_id} ${run.dag_run_id}`);
  }
  if (stuck.length === 0) return ok("stuck runs", `none among ${running.length} running`);
  return fail(
    "stuck runs",
    `all tasks have ended, but the run has not: ${stuck.join(", ")}`,
    "Is a scheduler alive? If so, this is a fault of Airloom: please report it, with airloom info.",
  );
}

interface QueuedInstance extends InstanceEntity {
  readonly queued_when: string | null;
  readonly queue: string | null;
  readonly executor: string | null;
}

/** Anything queued and unclaimed is offered again within seconds: what waits longer has no worker to take it. */
async function stuckTasks(api: ApiClient): Promise<Finding> {
  const queued = await listAll<QueuedInstance>(api, {
    path: "/api/v2/dags/~/dagRuns/~/taskInstances",
    items: "task_instances",
    query: { state: "queued" },
    limit: 1_000,
  });
  const late = queued.filter(({ queued_when }) => Date.now() - new Date(queued_when ?? Date.now()).getTime() > 60_000);
  if (late.length === 0) return ok("stuck tasks", `none among ${queued.length} queued`);
  const where = [...new Set(late.map(({ executor, queue }) => `${executor ?? "?"}/${queue ?? "?"}`))].join(", ");
  return warn(
    "stuck tasks",
    `${late.length} have been queued for more than a minute (executor/queue: ${where})`,
    "Start a worker for that executor and queue: airloom worker --executor … --queues …",
  );
}
