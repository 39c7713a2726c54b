import { mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Service } from "@airloom/core";
import { createWorker } from "@airloom/task-runner";
import type { ExecutionContract, LogRecord, Workload } from "@airloom/wire";
import type { ProcessContext } from "../processes/process-context.ts";
import { slotsOf } from "../processes/worker.ts";
import type { FoundDag } from "./find-dag-file.ts";

export interface TrialWorkerOptions {
  readonly context: ProcessContext;
  readonly contract: ExecutionContract;
  readonly executor: string;
  readonly queues: readonly string[];
  /** Of this worker alone: it must not deliver what other workers of the home left, nor leave anything itself. */
  readonly cacheDir: string;
}

/** A worker with real child processes for a control plane that lives no longer than the command. */
export const createTrialWorker = ({ context, contract, executor, queues, cacheDir }: TrialWorkerOptions): Service =>
  createWorker({
    contract,
    executor,
    queues,
    slots: slotsOf(context.config),
    cacheDir: join(cacheDir, executor),
    projectRoot: context.home.project,
    childPath: context.children.task,
    log: context.log.write,
    settings: { passEnvironment: context.config.workers.environment, drainMs: 0, logBatchMs: 50 },
  });

/** Gives `act` a folder of its own and removes it afterwards. */
export async function withTrialFolder<T>({ home }: ProcessContext, act: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(home.path("cache", "trial-"));
  try {
    return await act(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The artifact's parts by their hash. */
export async function readParts({ report, folder }: FoundDag): Promise<ReadonlyMap<string, Uint8Array>> {
  const parts = report.artifact.parts.map(
    async ({ hash, path }) => [hash, await readFile(join(folder, path))] as const,
  );
  return new Map(await Promise.all(parts));
}

/** The contract, but what tasks log is told here as well, with the task's name. */
export function listening(
  contract: ExecutionContract,
  tell: (task: string, record: LogRecord) => void,
): ExecutionContract {
  const names = new Map<string, string>();
  const note = (workloads: readonly Workload[] | undefined): void => {
    for (const { taskInstanceId, task, mapIndex } of workloads ?? [])
      names.set(taskInstanceId, mapIndex < 0 ? task.id : `${task.id}[${mapIndex}]`);
  };
  return {
    ...contract,
    async claim(request, signal) {
      const reply = await contract.claim(request, signal);
      note(reply.workloads);
      return reply;
    },
    async finish(request) {
      const reply = await contract.finish(request);
      note(reply.claimed?.workloads);
      return reply;
    },
    async appendLogs(batch) {
      for (const record of batch.records) tell(names.get(batch.attempt.taskInstanceId) ?? "?", record);
      await contract.appendLogs(batch);
    },
  };
}
