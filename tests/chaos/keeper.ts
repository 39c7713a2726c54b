import { kill } from "../support/proc.ts";
import { type Exit, type RunningAirloom, startAirloom, untilSaid } from "../support/running-airloom.ts";
import type { TemporaryProject } from "../support/temporary-project.ts";

/** In the order of their start. `spare`: only started when a row asks for it. */
const members = {
  db: { args: ["db", "serve"], ready: "The database is ready", spare: false },
  api: { args: ["api-server"], ready: "API is ready", spare: false },
  scheduler: { args: ["scheduler"], ready: "The scheduler is ready", spare: false },
  "scheduler-2": { args: ["scheduler"], ready: "The scheduler is ready", spare: true },
  "scheduler-3": { args: ["scheduler"], ready: "The scheduler is ready", spare: true },
  "worker-1": { args: ["worker", "--slots", "3"], ready: "The worker is ready", spare: false },
  "worker-2": { args: ["worker", "--slots", "3"], ready: "The worker is ready", spare: false },
  "worker-wide": { args: ["worker", "--slots", "12"], ready: "The worker is ready", spare: true },
  "dag-processor": { args: ["dag-processor"], ready: "The dag-processor is ready", spare: false },
} as const satisfies Readonly<Record<string, MemberKind>>;

interface MemberKind {
  readonly args: readonly string[];
  /** What it says when it is. */
  readonly ready: string;
  readonly spare: boolean;
}

export type MemberName = keyof typeof members;
const memberNames = Object.keys(members) as readonly MemberName[];
/** Those that a cluster begins with. */
export const firstMembers = memberNames.filter((name) => !members[name].spare);

/** Starts members, and starts them again when they end: what systemd does on a server. */
export interface Keeper {
  member(name: MemberName): RunningAirloom;
  /** Those that are meant to run now. */
  present(): readonly MemberName[];
  /** Starts one, and waits until it says that it is ready. */
  start(name: MemberName, environment?: Readonly<Record<string, string>>): Promise<void>;
  /** kill -9 of one process alone; it is started again at once, or when it is brought back. */
  kill(name: MemberName, again?: "at once" | "later"): Promise<void>;
  /** SIGTERM, and its end; it stays away until it is brought back. */
  terminate(name: MemberName): Promise<Exit>;
  bringBack(name: MemberName): Promise<void>;
  /** kill -9 of everything there is, PostgreSQL included, and a start of all of it. */
  killAll(): Promise<void>;
  /** All that are meant to run have said that they are ready. */
  untilReady(): Promise<void>;
  /** Members that ended since this was last asked without having been told to, with their last words. Must be empty. */
  unexpectedEnds(): readonly string[];
  lastWords(): Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

export interface KeeperOptions {
  readonly project: TemporaryProject;
  /** What a member gets besides the project's environment. */
  readonly environmentOf: (name: MemberName) => Readonly<Record<string, string>>;
}

export function createKeeper({ project, environmentOf }: KeeperOptions): Keeper {
  const running = new Map<MemberName, RunningAirloom>();
  const away = new Set<MemberName>();
  const told = new Set<RunningAirloom>();
  const more = new Map<MemberName, Readonly<Record<string, string>>>();
  const unexpectedEnds: string[] = [];
  let stopping = false;
  const member = (name: MemberName): RunningAirloom => {
    const found = running.get(name);
    if (!found) throw new Error(`${name} was not started`);
    return found;
  };
  const launch = async (name: MemberName): Promise<RunningAirloom> => {
    const environment = { ...environmentOf(name), ...more.get(name) };
    const started = await startAirloom(project, members[name].args, { environment });
    away.delete(name);
    running.set(name, started);
    void started.exited.then((end) => {
      if (stopping || told.has(started)) return;
      unexpectedEnds.push(`${name} ended (${end.signal ?? end.code}): ${end.output.slice(-4_000)}`);
      void launch(name);
    });
    return started;
  };
  const present = (): readonly MemberName[] => [...running.keys()].filter((name) => !away.has(name));
  return {
    member,
    present,
    unexpectedEnds: () => unexpectedEnds.splice(0),
    start: async (name, environment = {}) => {
      more.set(name, environment);
      await untilSaid(await launch(name), members[name].ready);
    },
    kill: async (name, again = "at once") => {
      const victim = member(name);
      told.add(victim);
      away.add(name);
      await victim.kill();
      if (again === "at once") await launch(name);
    },
    terminate: async (name) => {
      const one = member(name);
      told.add(one);
      away.add(name);
      return one.terminate();
    },
    bringBack: async (name) => {
      await launch(name);
    },
    killAll: async () => {
      const names = present();
      const victims = names.map(member);
      for (const victim of victims) told.add(victim);
      const doomed = victims.flatMap((victim) => victim.tree());
      // The members first: none of them must see another one die.
      for (const victim of victims) kill(victim.id);
      for (const one of doomed) kill(one);
      await Promise.all(victims.map((victim) => victim.killTree()));
      for (const name of names) await launch(name);
    },
    untilReady: async () => {
      for (const name of present()) await untilSaid(member(name), members[name].ready, 30_000);
    },
    lastWords: () =>
      Object.fromEntries([...running].map(([name, one]) => [name, one.output().split("\n").slice(-25).join("\n")])),
    stop: async () => {
      stopping = true;
      for (const name of [...memberNames].reverse()) if (!away.has(name)) await running.get(name)?.interrupt();
      await project.remove();
    },
  };
}
