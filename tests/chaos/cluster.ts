import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Api, apiOf } from "../support/api-of.ts";
import { databaseOf } from "../support/database-of.ts";
import { isAlive, kill, type ProcessId, processOf, treeOf } from "../support/proc.ts";
import { isHealthy, type RunningAirloom, startAirloom, untilSaid } from "../support/running-airloom.ts";
import { freePort, type TemporaryProject, temporaryProject } from "../support/temporary-project.ts";
import { until } from "../support/until.ts";

export type MemberName = "db" | "api" | "scheduler" | "worker-1" | "worker-2" | "dag-processor";

interface MemberKind {
  readonly args: readonly string[];
  readonly ready: string;
}

/** In the order of their start. */
const members: Readonly<Record<MemberName, MemberKind>> = {
  db: { args: ["db", "serve"], ready: "The database is ready" },
  api: { args: ["api-server"], ready: "API is ready" },
  scheduler: { args: ["scheduler"], ready: "The scheduler is ready" },
  "worker-1": { args: ["worker", "--slots", "3"], ready: "The worker is ready" },
  "worker-2": { args: ["worker", "--slots", "3"], ready: "The worker is ready" },
  "dag-processor": { args: ["dag-processor"], ready: "The dag-processor is ready" },
};

/** Terms in proportion to a lease of 2 s, so that a lost lease is over soon. */
const shortTerms = {
  AIRLOOM__WORKERS__LEASE_SECONDS: "2",
  AIRLOOM__WORKERS__HEARTBEAT_SECONDS: "0.4",
  AIRLOOM__WORKERS__MARGIN_SECONDS: "0.6",
  AIRLOOM__WORKERS__KILL_GRACE_SECONDS: "0.3",
  AIRLOOM__WORKERS__GRACE_SECONDS: "0.8",
  AIRLOOM__SCHEDULER__RESCUE_MS: "300",
};

/** Airloom in separate processes on one home, with someone who starts again what ended: what systemd does on a server. */
export interface Cluster {
  readonly project: TemporaryProject;
  readonly api: Api;
  readonly databaseUrl: string;
  member(name: MemberName): RunningAirloom;
  /** kill -9 of one process alone; it is started again at once, or when it is brought back. */
  kill(name: MemberName, again?: "at once" | "later"): Promise<void>;
  bringBack(name: MemberName): Promise<void>;
  /** kill -9 of everything there is, PostgreSQL included, and a start of all of it. */
  killAll(): Promise<void>;
  /** PostgreSQL's main process and its children, as they are now. */
  postgres(): { readonly main: ProcessId; readonly children: readonly ProcessId[] };
  /** All processes run, and the API says that all is well. */
  untilWell(): Promise<void>;
  /** Members that ended since this was last asked without having been killed, with their last words. Must be empty. */
  unexpectedEnds(): readonly string[];
  lastWords(): Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

export async function startCluster(ledgerUrl: string): Promise<Cluster> {
  const port = await freePort();
  const project = await temporaryProject({
    port,
    files: ["dags/fan-out.ts", "lib/record-execution.ts"],
    environment: {
      ...shortTerms,
      AIRLOOM__WORKERS__SERVER: `http://127.0.0.1:${port}`,
      AIRLOOM__CORE__DAGS_ARE_PAUSED_AT_CREATION: "false",
      AIRLOOM__WORKERS__ENVIRONMENT: "LEDGER_URL",
      AIRLOOM__WORKERS__DRAIN_SECONDS: "2",
      LEDGER_URL: ledgerUrl,
    },
  });
  const keeper = createKeeper(project);
  try {
    for (const name of Object.keys(members) as MemberName[]) await keeper.start(name);
    const api = await apiOf(project);
    await until("the Dag is there", () => api.get("/api/v2/dags/fan_out"), { within: 30_000 });
    const databaseUrl = await databaseOf(project);
    return {
      ...keeper,
      project,
      api,
      databaseUrl,
      postgres: () => postgresOf(project),
      untilWell: () => untilWell(project, keeper),
    };
  } catch (error) {
    const said = JSON.stringify(keeper.lastWords(), null, 2);
    await keeper.stop();
    throw new Error(`the processes did not come up: ${String(error)}\n${said}`);
  }
}

interface Keeper {
  member(name: MemberName): RunningAirloom;
  start(name: MemberName): Promise<void>;
  kill(name: MemberName, again?: "at once" | "later"): Promise<void>;
  bringBack(name: MemberName): Promise<void>;
  killAll(): Promise<void>;
  lastWords(): Readonly<Record<string, string>>;
  unexpectedEnds(): readonly string[];
  stop(): Promise<void>;
}

/** Starts members, and starts them again when they end. */
function createKeeper(project: TemporaryProject): Keeper {
  const running = new Map<MemberName, RunningAirloom>();
  const unexpectedEnds: string[] = [];
  const killed = new Set<RunningAirloom>();
  let stopping = false;
  const member = (name: MemberName): RunningAirloom => {
    const found = running.get(name);
    if (!found) throw new Error(`${name} was not started`);
    return found;
  };
  const launch = async (name: MemberName): Promise<RunningAirloom> => {
    const started = await startAirloom(project, members[name].args);
    running.set(name, started);
    void started.exited.then((end) => {
      if (stopping || killed.has(started)) return;
      unexpectedEnds.push(`${name} ended (${end.signal ?? end.code}): ${end.output.slice(-4_000)}`);
      void launch(name);
    });
    return started;
  };
  return {
    member,
    unexpectedEnds: () => unexpectedEnds.splice(0),
    start: async (name) => {
      await untilSaid(await launch(name), members[name].ready);
    },
    kill: async (name, again = "at once") => {
      const victim = member(name);
      killed.add(victim);
      await victim.kill();
      if (again === "at once") await launch(name);
    },
    bringBack: async (name) => {
      await launch(name);
    },
    killAll: async () => {
      const victims = [...running.values()];
      for (const victim of victims) killed.add(victim);
      const doomed = victims.flatMap((victim) => victim.tree());
      // The members first: none of them must see another one die.
      for (const victim of victims) kill(victim.id);
      for (const one of doomed) kill(one);
      await Promise.all(victims.map((victim) => victim.killTree()));
      for (const name of running.keys()) await launch(name);
    },
    lastWords: () =>
      Object.fromEntries([...running].map(([name, one]) => [name, one.output().split("\n").slice(-25).join("\n")])),
    stop: async () => {
      stopping = true;
      for (const name of (Object.keys(members) as MemberName[]).reverse()) await running.get(name)?.interrupt();
      await project.remove();
    },
  };
}

async function untilWell(project: TemporaryProject, keeper: Keeper): Promise<void> {
  for (const name of Object.keys(members) as MemberName[])
    await untilSaid(keeper.member(name), members[name].ready, 30_000);
  await until("all is well", () => isHealthy(project), { within: 30_000 });
}

function postgresOf(project: TemporaryProject) {
  const folder = readdirSync(project.home).find((name) => /^postgres-\d+$/.test(name)) ?? "";
  const pid = Number(readFileSync(join(project.home, folder, "postmaster.pid"), "utf8").split("\n")[0]);
  const main = processOf(pid);
  if (!main || !isAlive(main)) throw new Error("PostgreSQL does not run");
  return { main, children: treeOf(pid).filter((one) => one.pid !== pid) };
}
