import type { ExecutionDeps } from "@airloom/api";
import { startApi, startScheduler } from "./control.ts";
import type { Server } from "./network.ts";
import { startParser } from "./parser.ts";
import { SimProcess } from "./sim-process.ts";
import { type Machine, startWorker, type WorkerPlace } from "./sim-worker.ts";
import type { World } from "./world.ts";

/** A process as an operator knows it: started again whenever it ends. */
export interface Member {
  readonly name: string;
  readonly kind: "scheduler" | "api" | "worker" | "parser";
  process: SimProcess | null;
  /** Ends it in good order; null for those that only ever die. */
  stop: (() => Promise<void>) | null;
  readonly place: WorkerPlace | null;
}

export interface Cluster {
  readonly members: readonly Member[];
  readonly servers: readonly Server[];
  readonly machines: ReadonlyMap<string, Machine>;
  /** The control half in each API server that lives. */
  readonly apis: ReadonlyMap<string, ExecutionDeps>;
}

/** Starts every process of the plan, and goes on doing so. */
export function startCluster(world: World): Cluster {
  const { plan } = world;
  const servers = Array.from(
    { length: plan.apis },
    (_, at): Server => ({ name: `api-${at + 1}`, process: null, execution: null }),
  );
  const machines = new Map<string, Machine>();
  const apis = new Map<string, ExecutionDeps>();
  const machineOf = (hostname: string): Machine => {
    const machine = machines.get(hostname) ?? { children: new Set() };
    machines.set(hostname, machine);
    return machine;
  };
  const member = (name: string, kind: Member["kind"], place: WorkerPlace | null = null): Member => ({
    name,
    kind,
    process: null,
    stop: null,
    place,
  });
  const members = [
    ...servers.map(({ name }) => member(name, "api")),
    ...Array.from({ length: plan.schedulers }, (_, at) => member(`scheduler-${at + 1}`, "scheduler")),
    ...plan.workers.map((worker, at) => {
      const name = `worker-${at + 1}`;
      return member(name, "worker", { ...worker, name, spool: new Map(), machine: machineOf(worker.hostname) });
    }),
    member("parser", "parser"),
  ];
  const boot: Boot = { world, servers, apis };
  for (const one of members) {
    world.loop.after(world.random.between(0, 200), { owner: null, label: `start ${one.name}` }, () =>
      start(boot, one, false),
    );
  }
  return { members, servers, machines, apis };
}

interface Boot {
  readonly world: World;
  readonly servers: readonly Server[];
  readonly apis: Map<string, ExecutionDeps>;
}

const restarted = {
  scheduler: "scheduler restarted",
  api: "API server restarted",
  worker: "worker restarted",
} as const;

function start(boot: Boot, member: Member, isRestart: boolean): void {
  const { world } = boot;
  const pid = world.newPid();
  const drift = world.plan.rates["clock-rates"] > 0 ? world.random.between(-0.02, 0.02) : 0;
  const process = new SimProcess(world.loop, { name: `${member.name}#${pid}`, pid, rate: 1 + drift });
  world.livePids.add(pid);
  member.process = process;
  member.stop = null;
  if (isRestart && member.kind !== "parser") world.count(restarted[member.kind]);
  process.onEnd(() => {
    world.livePids.delete(pid);
    killChildren(world, process, member);
    const ms = world.isHealing ? 20 : world.random.between(0, 2 * world.plan.knobs.restartMs);
    world.loop.after(ms, { owner: null, label: `restart ${member.name}` }, () => start(boot, member, true));
  });
  run(boot, member, process).then(
    (stop) => {
      member.stop = stop;
    },
    (error: unknown) => {
      // What cannot start ends, as a process would, and is started again.
      if (!process.isAlive) return;
      world.note(`${process.name} could not start: ${String(error)}`);
      process.end();
    },
  );
}

/** Children die with their supervisor; now and then one takes a moment, and whoever comes next has to sweep it. */
function killChildren(world: World, supervisor: SimProcess, { place }: Member): void {
  for (const entry of place?.machine.children ?? []) {
    if (entry.supervisor !== supervisor) continue;
    const ms = world.random.between(0, world.plan.knobs.orphanMs);
    world.loop.after(ms, { owner: null, label: `${entry.child.name} dies with its supervisor` }, () =>
      entry.child.end(),
    );
  }
}

async function run(boot: Boot, member: Member, process: SimProcess): Promise<(() => Promise<void>) | null> {
  const { world, servers, apis } = boot;
  if (member.kind === "scheduler") return startScheduler(world, process);
  if (member.kind === "parser") {
    startParser(world, process, servers);
    return null;
  }
  if (member.kind === "worker" && member.place) {
    const service = startWorker(world, process, { place: member.place, servers });
    await service.start();
    return () => service.stop("simulated");
  }
  const server = servers.find(({ name }) => name === member.name);
  if (!server) throw new Error(`no server ${member.name}`);
  apis.set(member.name, startApi(world, process, server));
  return null;
}
