import { type AttemptHost, createWorkerOver, type SpooledFinish } from "@airloom/task-runner";
import type { ExecutionContract } from "@airloom/wire";
import { contractOf, type Server } from "./network.ts";
import type { WorkerPlan } from "./plan.ts";
import { SimAttempt } from "./sim-attempt.ts";
import type { SimProcess } from "./sim-process.ts";
import type { World } from "./world.ts";

/** A machine's place for a worker: what outlives each of its processes. */
export interface WorkerPlace extends WorkerPlan {
  readonly name: string;
  /** Outcomes on its disk. */
  readonly spool: Map<string, SpooledFinish>;
  /** Children on this machine, by whose worker they are. */
  readonly machine: Machine;
}

export interface Machine {
  readonly children: Set<{ readonly child: SimProcess; readonly supervisor: SimProcess }>;
}

/** A worker's real deciding half, over a simulated machine. */
export function startWorker(
  world: World,
  process: SimProcess,
  { place, servers }: { readonly place: WorkerPlace; readonly servers: readonly Server[] },
) {
  const contract = contractOf(world, process, { callerName: place.name, servers });
  const { knobs } = world.plan;
  const random = world.random;
  const service = createWorkerOver({
    contract: counted(world, contract),
    identity: {
      workerId: `${place.name}#${process.pid}`,
      hostname: place.hostname,
      pid: process.pid,
      bootId: `boot of ${place.hostname}`,
      startTicks: String(process.pid),
    },
    executor: place.executor,
    queues: place.queues,
    slots: place.slots,
    host: hostOf(world, process, { place, contract }),
    spool: spoolOf(world, process, place.spool),
    clock: { now: () => process.now(), after: process.timers.after, random: () => random.next() },
    newToken: world.newId,
    log: () => undefined,
    settings: {
      claimWaitMs: knobs.claimWaitMs,
      drainMs: knobs.drainMs,
      abortGraceMs: knobs.abortGraceMs,
      spoolAfterMs: knobs.spoolAfterMs,
    },
  });
  return service;
}

function hostOf(
  world: World,
  process: SimProcess,
  { place, contract }: { readonly place: WorkerPlace; readonly contract: ExecutionContract },
): AttemptHost {
  const { children } = place.machine;
  const warm: string[] = [];
  return {
    prepare: () =>
      process.wait(world.random.between(0, 50), `${process.name} sweeps`, (resolve) => {
        for (const { child, supervisor } of children) if (!supervisor.isAlive) child.end();
        resolve();
      }),
    isFailing: false,
    warmArtifacts: () => warm,
    attempt: (workload, token, terms) => {
      if (!warm.includes(workload.artifactId)) warm.push(workload.artifactId);
      const began = (child: SimProcess): void => {
        const entry = { child, supervisor: process };
        children.add(entry);
        child.onEnd(() => children.delete(entry));
      };
      return new SimAttempt({ world, worker: process, contract, terms, began }, workload, token);
    },
    onReady: () => undefined,
    stop: async () => undefined,
  };
}

const keyOf = ({ taskInstanceId, attempt }: SpooledFinish): string => `${taskInstanceId} ${attempt}`;

/** A disk that a crash does not reach. */
function spoolOf(world: World, process: SimProcess, files: Map<string, SpooledFinish>) {
  const touch = (label: string): Promise<void> =>
    process.wait(world.random.between(0, 3), `${process.name} ${label}`, (resolve) => resolve());
  return {
    save: async (finish: SpooledFinish) => {
      await touch("writes its spool");
      files.set(keyOf(finish), finish);
      // What is on the disk by now is what the next life of this worker delivers.
      if (world.mayCrash() && world.random.chance(0.15)) world.crash(process, "after it wrote its spool");
    },
    remove: async (finish: SpooledFinish) => {
      await touch("empties its spool");
      files.delete(keyOf(finish));
    },
    list: async () => {
      await touch("reads its spool");
      if (files.size > 0) world.count("outcome delivered from the spool");
      return [...files.values()];
    },
  };
}

/** What answers say of what went on. */
function counted(world: World, contract: ExecutionContract): ExecutionContract {
  return {
    ...contract,
    heartbeat: async (request) => {
      const reply = await contract.heartbeat(request);
      for (const { verdict } of reply.attempts) {
        if (verdict === "gone") world.count("stale heartbeat refused");
        if (verdict === "cancel") world.count("heartbeat told of a cancel");
      }
      return reply;
    },
    finish: async (request) => {
      const reply = await contract.finish(request);
      if (reply.result === "repeated") world.count("finish repeated");
      return reply;
    },
    claim: async (request, signal) => {
      const reply = await contract.claim(request, signal);
      if (request.repeat && reply.workloads.length > 0) world.count("claim repeated after a lost reply");
      return reply;
    },
    release: async (attempts, reason) => {
      await contract.release(attempts, reason);
      world.count("attempt released by its worker");
    },
  };
}
