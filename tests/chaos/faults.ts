import { setTimeout as pause } from "node:timers/promises";
import type { Ledger } from "../support/ledger.ts";
import { kill, processOf } from "../support/proc.ts";
import { until } from "../support/until.ts";
import { type Chance, oneOf } from "./chance.ts";
import type { Cluster } from "./cluster.ts";

export interface FaultPlace {
  readonly cluster: Cluster;
  readonly ledger: Ledger;
  /** The run that is under way. */
  readonly run: string;
  readonly chance: Chance;
}

/** What a fault did. */
export interface Struck {
  /** In words. */
  readonly hit: string;
  /** Ends the fault, if it lasts: called when the run has ended, or could not. */
  readonly heal?: () => Promise<void>;
}

/** Does one fault, now; null when there was nothing left to strike. */
type Fault = (place: FaultPlace) => Promise<Struck | null>;

const killMember =
  (...names: readonly ("api" | "scheduler" | "worker-1" | "worker-2")[]): Fault =>
  async ({ cluster, chance }) => {
    const name = oneOf(names, chance);
    await cluster.kill(name);
    return { hit: name };
  };

/** The rows of the failure catalogue that are proved here: each strikes one thing at some moment of a fan-out. */
export const faults = {
  "kill-scheduler": killMember("scheduler"),
  "kill-worker": killMember("worker-1", "worker-2"),
  "kill-task": killTask,
  "kill-api": killMember("api"),
  "kill-postgres": killPostgres,
  "kill-all": killAll,
  "lose-worker": loseWorker,
  "freeze-worker": freezeWorker,
} as const satisfies Readonly<Record<string, Fault>>;

export type FaultName = keyof typeof faults;

/** The process of one of the tasks that run. */
async function killTask({ ledger, run, chance }: FaultPlace): Promise<Struck | null> {
  const look = async () => {
    const found = await ledger.running(run);
    return found.length > 0 ? found : null;
  };
  const running = await until("a task runs", look, { within: 2_000, every: 5 }).catch(() => null);
  if (!running) return null;
  const { task, map_index, pid, start_ticks } = oneOf(running, chance);
  kill({ pid, startTicks: start_ticks });
  return { hit: `${task}[${map_index}] (process ${pid})` };
}

/** The main process, or one of its children, after which PostgreSQL restarts itself. */
async function killPostgres({ cluster, chance }: FaultPlace): Promise<Struck> {
  const { main, children } = cluster.postgres();
  if (chance() < 0.5 || children.length === 0) {
    kill(main);
    return { hit: `the main process (${main.pid})` };
  }
  const one = oneOf(children, chance);
  kill(processOf(one.pid) ?? one);
  return { hit: `one of its processes (${one.pid})` };
}

/** A power cut. */
async function killAll({ cluster }: FaultPlace): Promise<Struck> {
  await cluster.killAll();
  return { hit: "everything" };
}

/** A machine that does not come back: only the end of its leases frees what it held. */
async function loseWorker({ cluster, chance }: FaultPlace): Promise<Struck> {
  const name = oneOf(["worker-1", "worker-2"] as const, chance);
  await cluster.kill(name, "later");
  return { hit: name, heal: () => cluster.bringBack(name) };
}

/** Two to six seconds without a processor, which is one to three leases: its attempts must be dead before others get them. */
async function freezeWorker({ cluster, chance }: FaultPlace): Promise<Struck> {
  const name = oneOf(["worker-1", "worker-2"] as const, chance);
  const { pid } = cluster.member(name).id;
  const ms = 2_000 + Math.round(chance() * 4_000);
  process.kill(pid, "SIGSTOP");
  const thawed = pause(ms).then(() => {
    process.kill(pid, "SIGCONT");
  });
  return { hit: `${name} for ${ms} ms`, heal: () => thawed };
}
