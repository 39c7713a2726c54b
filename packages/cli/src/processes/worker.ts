import { availableParallelism } from "node:os";
import type { Service } from "@airloom/core";
import { createWorker, type WorkerSettings } from "@airloom/task-runner";
import type { ExecutionContract } from "@airloom/wire";
import type { Config } from "../config/options.ts";
import { workerWithFailpoints } from "../failpoints/surround.ts";
import type { ProcessContext } from "./process-context.ts";
import { remoteExecution } from "./remote-execution.ts";
import { untilSignal } from "./run-services.ts";
import { runUntilStopped } from "./until-stopped.ts";

export interface WorkerWanted {
  readonly contract: ExecutionContract;
  readonly executor: string;
  /** @default as configured */
  readonly slots?: number;
}

export const createWorkerService = ({ config, home, log, children }: ProcessContext, wanted: WorkerWanted): Service =>
  createWorker({
    contract: wanted.contract,
    executor: wanted.executor,
    queues: config.workers.queues,
    slots: wanted.slots ?? slotsOf(config),
    cacheDir: home.path("cache"),
    projectRoot: home.project,
    childPath: children.task,
    log: log.write,
    settings: settingsOf(config),
  });

/** Two per processor: tasks wait for others more than they compute. */
export const slotsOf = ({ workers }: Config): number => workers.slots || Math.max(4, 2 * availableParallelism());

const settingsOf = ({ workers, logging }: Config): Partial<WorkerSettings> => ({
  drainMs: workers.drainSeconds * 1_000,
  passEnvironment: workers.environment,
  childDataBytes: workers.memoryLimitMb > 0 ? workers.memoryLimitMb * 1_048_576 : null,
  childHeapBytes: workers.heapLimitMb > 0 ? workers.heapLimitMb * 1_048_576 : null,
  logBytesPerAttempt: logging.maxBytesPerAttempt,
});

/** `airloom worker`. */
export async function runWorker(context: ProcessContext, executor: string): Promise<void> {
  const signalled = untilSignal(context.log);
  const contract = await remoteExecution(context, signalled);
  if (!contract) return;
  const worker = createWorkerService(context, { contract, executor });
  const queues = context.config.workers.queues.join(", ");
  await runUntilStopped(
    { ...context, signalled },
    [globalThis.FAILPOINTS ? workerWithFailpoints(worker) : worker],
    () => `The worker is ready: ${slotsOf(context.config)} slots for ${executor}, queues ${queues}`,
  );
}
