import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Api, apiOf } from "../support/api-of.ts";
import { builtAirloom, root } from "../support/built-airloom.ts";
import { databaseOf } from "../support/database-of.ts";
import { isHealthy, type RunningAirloom, startAirloom, untilSaid } from "../support/running-airloom.ts";
import { freePort, type TemporaryProject, temporaryProject } from "../support/temporary-project.ts";
import { until } from "../support/until.ts";

/** What is started once and started again when it ends; a migration is a command that ends by itself. */
const commands = {
  db: ["db", "serve"],
  api: ["api-server"],
  scheduler: ["scheduler"],
  "worker-1": ["worker", "--slots", "3"],
  "worker-2": ["worker", "--slots", "3"],
  "dag-processor": ["dag-processor"],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type ServiceName = keyof typeof commands;
export type MemberName = ServiceName | "migration";

const names = Object.keys(commands) as ServiceName[];
const isReady = /(is ready)/;

/** Leases of 2 s, and everything else in proportion, so that what is lost is missed soon. */
const terms = { LEASE: "2", HEARTBEAT: "0.4", MARGIN: "0.6", KILL_GRACE: "0.3", GRACE: "0.8", DRAIN: "2" };

/** Airloom with failpoints in separate processes, and someone who starts again, with nothing armed, what ended. */
export interface System {
  readonly project: TemporaryProject;
  readonly api: Api;
  readonly databaseUrl: string;
  /** The bundle of the `airloom` command. */
  readonly program: string;
  /** What runs under a name now. */
  member(name: ServiceName): RunningAirloom;
  /** Starts a member anew with this in `AIRLOOM_FAILPOINTS`. @returns the process that has it */
  arm(name: ServiceName, failpoints: string): Promise<RunningAirloom>;
  /** kill -9; nobody starts it again until `bringBack`. */
  lose(name: ServiceName): Promise<void>;
  /** Starts what does not run. */
  bringBack(name: ServiceName): Promise<void>;
  untilWell(): Promise<void>;
  /** Ends since this was last asked that nobody wanted but a failpoint, with the last words. */
  ends(): readonly End[];
  stop(): Promise<void>;
}

export interface End {
  readonly name: ServiceName;
  readonly process: RunningAirloom;
  readonly words: string;
}

export async function startSystem(ledgerUrl: string): Promise<System> {
  const port = await freePort();
  const project = await temporaryProject({
    port,
    files: ["dags/fan-out.ts", "lib/record-execution.ts"],
    environment: {
      ...Object.fromEntries(Object.entries(terms).map(([name, value]) => [`AIRLOOM__WORKERS__${name}_SECONDS`, value])),
      AIRLOOM__SCHEDULER__RESCUE_MS: "300",
      AIRLOOM__WORKERS__SERVER: `http://127.0.0.1:${port}`,
      AIRLOOM__WORKERS__ENVIRONMENT: "LEDGER_URL",
      AIRLOOM__CORE__DAGS_ARE_PAUSED_AT_CREATION: "false",
      LEDGER_URL: ledgerUrl,
    },
  });
  writeDags(project, "first revision");
  const program = join(await builtAirloom({ failpoints: true }), "cli.mjs");
  const keeper = createKeeper(project, program);
  try {
    for (const name of names) {
      await keeper.bringBack(name);
      await untilSaid(keeper.member(name), isReady);
    }
    const api = await apiOf(project);
    await until(
      "the Dags are there",
      () => Promise.all(["fan_out", "edited"].map((id) => api.get(`/api/v2/dags/${id}`))),
      {
        within: 30_000,
      },
    );
    const untilWell = (): Promise<void> => untilAllWell(project, keeper);
    return { ...keeper, project, api, program, databaseUrl: await databaseOf(project), untilWell };
  } catch (error) {
    const said = names.map((name) => keeper.wordsOf(name)).join("\n");
    await keeper.stop();
    throw new Error(`the processes did not come up: ${String(error)}\n${said}`);
  }
}

const began = new Date();

/** The Dags of this campaign; `revision` is what one of them says. */
export function writeDags(project: TemporaryProject, revision: string): void {
  const text = readFileSync(join(root, "tests/project/dags/reached.ts"), "utf8");
  project.write("dags/reached.ts", text.replace("2026-01-01", began.toISOString()).replace("first revision", revision));
}

/** A worker that stops waits 2 s for its attempts and a few more for their ends; beside other work it may take a multiple. */
const slowStopMs = 20_000;

type Keeper = Pick<System, "member" | "arm" | "lose" | "bringBack" | "ends" | "stop"> & {
  wordsOf(name: ServiceName): string;
};

function createKeeper(project: TemporaryProject, program: string): Keeper {
  const running = new Map<ServiceName, RunningAirloom>();
  const wanted = new Set<RunningAirloom>();
  const ends: End[] = [];
  const launch = async (name: ServiceName, failpoints: string): Promise<RunningAirloom> => {
    const environment = { AIRLOOM_FAILPOINTS: failpoints };
    const started = await startAirloom(project, commands[name], { program, environment });
    running.set(name, started);
    void started.exited.then(({ code, signal, output }) => {
      if (wanted.has(started)) return;
      ends.push({ name, process: started, words: `${name} ended (${signal ?? code}): ${output.slice(-3_000)}` });
      void launch(name, "");
    });
    return started;
  };
  const member = (name: ServiceName): RunningAirloom => {
    const found = running.get(name);
    if (!found) throw new Error(`${name} was not started`);
    return found;
  };
  const end = async (name: ServiceName, how: "interrupt" | "kill"): Promise<void> => {
    const found = member(name);
    wanted.add(found);
    const askedAt = performance.now();
    const { output } = await found[how]();
    const took = Math.round(performance.now() - askedAt);
    if (took > slowStopMs)
      ends.push({ name, process: found, words: `${name} took ${took} ms to stop: ${output.slice(-3_000)}` });
  };
  return {
    member,
    arm: async (name, failpoints) => {
      await end(name, "interrupt");
      return launch(name, failpoints);
    },
    lose: (name) => end(name, "kill"),
    bringBack: async (name) => {
      await launch(name, "");
    },
    ends: () => ends.splice(0),
    wordsOf: (name) => `${name}: ${running.get(name)?.output().slice(-3_000) ?? "not started"}`,
    stop: async () => {
      for (const name of [...running.keys()].reverse()) await end(name, "interrupt");
      await project.remove();
    },
  };
}

async function untilAllWell(project: TemporaryProject, keeper: Keeper): Promise<void> {
  // Asked for anew each time: what ends while this waits has a successor.
  const ready = (name: ServiceName): boolean => isReady.test(keeper.member(name).output());
  await until("all say that they are ready", () => names.every(ready), { within: 60_000 });
  await until("all is well", () => isHealthy(project), { within: 30_000 });
}
