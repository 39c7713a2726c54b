import { createExecution, createSecrets, type ExecutionDeps } from "@airloom/api";
import { createLocalExecutor, createSequentialExecutor } from "@airloom/executors";
import { createFinishLanes, createVersions, type RunsDeps } from "@airloom/runs";
import { createScheduler } from "@airloom/scheduler";
import type { Server } from "./network.ts";
import type { SimProcess } from "./sim-process.ts";
import { storeOf } from "./sim-store.ts";
import type { World } from "./world.ts";

const secrets = createSecrets([new Uint8Array(32)]);

function runsDepsOf(world: World, process: SimProcess): RunsDeps {
  return {
    store: storeOf(world, process),
    versions: createVersions(),
    newId: world.newId,
    settings: world.plan.settings,
    tell: () => undefined,
  };
}

/** The scheduler's real loops, with the executors' control halves beside them, as `airloom scheduler` has them. */
export async function startScheduler(world: World, process: SimProcess): Promise<() => Promise<void>> {
  const { knobs } = world.plan;
  const deps = runsDepsOf(world, process);
  const { store } = deps;
  const timers = process.timers;
  const scheduler = createScheduler({
    ...deps,
    timers,
    identity: { id: process.name, hostname: "host-1", pid: process.pid },
    log: (level, message) => {
      if (level === "error") world.reportLoopError(process, message);
    },
    schedule: { pollMs: knobs.pollMs, rescueMs: knobs.rescueMs, heartbeatMs: 5_000 },
  });
  const services = [
    createLocalExecutor({ store, timers, parallelism: knobs.parallelism }),
    createSequentialExecutor({ store, timers }),
    scheduler,
  ];
  for (const service of services) await service.start();
  return async () => {
    for (const service of services.toReversed()) await service.stop("simulated");
  };
}

/** The control half of the execution contract, real, as an API server holds it. */
export function startApi(world: World, process: SimProcess, server: Server): ExecutionDeps {
  const runs = runsDepsOf(world, process);
  const deps: ExecutionDeps = {
    ...runs,
    lanes: createFinishLanes(runs),
    secrets,
    terms: world.plan.terms,
    host: { hostname: "host-1", bootId: "boot of host-1" },
    isDead: ({ pid }) => !world.livePids.has(pid),
    environment: { AIRLOOM_VAR_REGION: "eu" },
    dagsPausedAtCreation: false,
    maxLogBytesPerAttempt: 10_000,
    maxXComBytes: 1_000_000,
    timers: process.timers,
    monotonicMs: () => process.now(),
  };
  server.process = process;
  server.execution = createExecution(deps);
  return deps;
}
