import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createHttpExecution, type ExecutionContract } from "@airloom/wire";
import { type Api, apiOf } from "../support/api-of.ts";
import { databaseOf, rowsOf } from "../support/database-of.ts";
import { isAlive, type ProcessId, processOf, treeOf } from "../support/proc.ts";
import { isHealthy } from "../support/running-airloom.ts";
import { freePort, type TemporaryProject, temporaryProject } from "../support/temporary-project.ts";
import { until } from "../support/until.ts";
import { createKeeper, firstMembers, type Keeper, type MemberName } from "./keeper.ts";
import { startProxy, type TcpProxy } from "./proxy.ts";

/** Terms in proportion to a lease of 2 s, so that a lost lease is over soon. */
const shortTerms = {
  AIRLOOM__WORKERS__LEASE_SECONDS: "2",
  AIRLOOM__WORKERS__HEARTBEAT_SECONDS: "0.4",
  AIRLOOM__WORKERS__MARGIN_SECONDS: "0.6",
  AIRLOOM__WORKERS__KILL_GRACE_SECONDS: "0.3",
  AIRLOOM__WORKERS__GRACE_SECONDS: "0.8",
  AIRLOOM__SCHEDULER__RESCUE_MS: "300",
};

export const leaseMs = 2_000;
const workerToken = "the-token-of-the-workers-of-this-harness";

/** Between whom a proxy stands. */
export type Link =
  | "api to database"
  | "scheduler to database"
  | "worker-1 to api"
  | "worker-2 to api"
  | "processor to api";

/** Airloom in separate processes on one home. */
export interface Cluster extends Omit<Keeper, "stop"> {
  readonly project: TemporaryProject;
  readonly api: Api;
  /** Straight to PostgreSQL, past the proxies. */
  readonly databaseUrl: string;
  sql<Row extends object>(text: string, values?: readonly unknown[]): Promise<readonly Row[]>;
  /** The proxy on a way. @throws when the cluster was started without. */
  link(name: Link): TcpProxy;
  /** All bytes pass everywhere. */
  healLinks(): void;
  /** What a worker says and hears, straight to the API server. */
  readonly execution: ExecutionContract;
  /** PostgreSQL's main process and its children, as they are now. */
  postgres(): { readonly main: ProcessId; readonly children: readonly ProcessId[] };
  /** All processes run, and the API says that all is well. */
  untilWell(): Promise<void>;
  stop(): Promise<void>;
}

export interface ClusterOptions {
  readonly ledgerUrl: string;
  /** With a proxy before PostgreSQL and before the API server. */
  readonly proxies: boolean;
  /** Called before anything is started. */
  readonly prepare?: (project: TemporaryProject) => void;
}

export async function startCluster({ ledgerUrl, proxies, prepare }: ClusterOptions): Promise<Cluster> {
  const port = await freePort();
  const project = await temporaryProject({
    port,
    files: ["dags/fan-out.ts", "dags/chaos.ts", "lib/record-execution.ts"],
    environment: {
      ...shortTerms,
      AIRLOOM__CORE__DAGS_ARE_PAUSED_AT_CREATION: "false",
      AIRLOOM__WORKERS__ENVIRONMENT: "LEDGER_URL",
      AIRLOOM__WORKERS__DRAIN_SECONDS: "2",
      AIRLOOM__SECURITY__WORKER_TOKEN: workerToken,
      LEDGER_URL: ledgerUrl,
    },
  });
  prepare?.(project);
  const links = new Map<Link, TcpProxy>();
  const url = `http://127.0.0.1:${port}`;
  const keeper = createKeeper({ project, environmentOf: (name) => environmentOf(name, { links, url }) });
  const stop = async (): Promise<void> => {
    for (const proxy of links.values()) proxy.heal();
    await keeper.stop();
    for (const proxy of links.values()) await proxy.stop();
  };
  try {
    await keeper.start("db");
    const databaseUrl = await databaseOf(project);
    if (proxies) await addProxies(links, { databaseUrl, port });
    for (const name of firstMembers) if (name !== "db") await keeper.start(name);
    const api = await apiOf(project);
    await until("the Dags are there", () => api.get("/api/v2/dags/fan_out"), { within: 30_000 });
    await until("all Dags are there", () => api.get("/api/v2/dags/holding"), { within: 30_000 });
    await api.send("POST", "/api/v2/pools", { name: "eight", slots: 8, include_deferred: false });
    return {
      ...keeper,
      project,
      api,
      databaseUrl,
      execution: createHttpExecution({ baseUrl: url, token: () => workerToken }),
      sql: (text, values) => rowsOf(databaseUrl, text, values),
      link: (name) => linkIn(links, name),
      healLinks: () => {
        for (const proxy of links.values()) proxy.heal();
      },
      postgres: () => postgresOf(project),
      untilWell: async () => {
        await keeper.untilReady();
        await until("all is well", () => isHealthy(project), { within: 30_000 });
      },
      stop,
    };
  } catch (error) {
    const said = JSON.stringify(keeper.lastWords(), null, 2);
    await stop();
    throw new Error(`the processes did not come up: ${String(error)}\n${said}`);
  }
}

function linkIn(links: ReadonlyMap<Link, TcpProxy>, name: Link): TcpProxy {
  const found = links.get(name);
  if (!found) throw new Error(`there is no proxy on the way from ${name}`);
  return found;
}

async function addProxies(links: Map<Link, TcpProxy>, { databaseUrl, port }: { databaseUrl: string; port: number }) {
  const folder = decodeURIComponent(/[?&]host=([^&]+)/.exec(databaseUrl)?.[1] ?? "");
  const socket = join(folder, ".s.PGSQL.5432");
  for (const name of ["api to database", "scheduler to database"] as const)
    links.set(name, await startProxy({ path: socket }));
  for (const name of ["worker-1 to api", "worker-2 to api", "processor to api"] as const)
    links.set(name, await startProxy({ host: "127.0.0.1", port }));
}

interface Ways {
  readonly links: ReadonlyMap<Link, TcpProxy>;
  readonly url: string;
}

/** Which way a member goes to the others. */
function environmentOf(name: MemberName, { links, url }: Ways): Readonly<Record<string, string>> {
  const portOf = (link: Link): number | undefined => links.get(link)?.port;
  const server = (port: number | undefined) => ({
    AIRLOOM__WORKERS__SERVER: port === undefined ? url : `http://127.0.0.1:${port}`,
  });
  const database = (port: number | undefined): Record<string, string> =>
    port === undefined ? {} : { AIRLOOM__DATABASE__URL: `postgresql://postgres@127.0.0.1:${port}/airloom` };
  if (name === "db") return {};
  if (name === "api") return database(portOf("api to database"));
  if (name.startsWith("scheduler")) return database(portOf("scheduler to database"));
  if (name === "worker-1") return server(portOf("worker-1 to api"));
  if (name === "worker-2") return server(portOf("worker-2 to api"));
  return server(name === "dag-processor" ? portOf("processor to api") : undefined);
}

function postgresOf(project: TemporaryProject) {
  const folder = readdirSync(project.home).find((name) => /^postgres-\d+$/.test(name)) ?? "";
  const pid = Number(readFileSync(join(project.home, folder, "postmaster.pid"), "utf8").split("\n")[0]);
  const main = processOf(pid);
  if (!main || !isAlive(main)) throw new Error("PostgreSQL does not run");
  return { main, children: treeOf(pid).filter((one) => one.pid !== pid) };
}
