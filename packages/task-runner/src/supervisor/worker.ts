import { randomBytes, randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { join } from "node:path";
import type { Service } from "@airloom/core";
import type { ExecutionContract, TaskWorkload } from "@airloom/wire";
import { ArtifactCache } from "./artifact-cache.ts";
import { childCommand } from "./child-command.ts";
import { childEnvironment } from "./child-environment.ts";
import { ChildPool } from "./child-pool.ts";
import { sweepOrphans } from "./marked-processes.ts";
import { ownIdentity } from "./process-identity.ts";
import { Spool } from "./spool.ts";
import { type AttemptParts, TaskAttempt } from "./task-attempt.ts";
import { realClock } from "./waiting.ts";
import type { WorkerLog } from "./worker-log.ts";
import { type AttemptHost, createWorkerOver, type RunningAttempt } from "./worker-service.ts";
import { defaultWorkerSettings, type WorkerSettings } from "./worker-settings.ts";

export interface WorkerOptions {
  readonly contract: ExecutionContract;
  /** The executor whose work this worker does: `local`. */
  readonly executor: string;
  readonly queues: readonly string[];
  /** Attempts at the same time. */
  readonly slots: number;
  /** For artifacts and undelivered outcomes; workers of one home may share it. */
  readonly cacheDir: string;
  /** Where packages that stay outside of bundles are looked for, and in the folders above. */
  readonly projectRoot: string;
  /** The child's bundle: `task-child.mjs`. */
  readonly childPath: string;
  readonly log: WorkerLog;
  readonly settings?: Partial<WorkerSettings>;
}

/**
 * A worker: claims attempts, runs each in a child process, keeps their leases, reports each outcome once. It knows nothing but the
 * execution contract.
 * @example const worker = createWorker({ contract, executor: "local", queues: ["default"], slots: 4, cacheDir, projectRoot, childPath, log });
 */
export function createWorker(options: WorkerOptions): Service {
  const { contract, executor, queues, slots, cacheDir, log } = options;
  const settings: WorkerSettings = { ...defaultWorkerSettings, ...options.settings };
  const identity = { workerId: randomUUID(), hostname: hostname(), pid: process.pid, ...ownIdentity() };
  return createWorkerOver({
    contract,
    identity,
    executor,
    queues,
    slots,
    host: childHost(options, settings, identity.startTicks),
    spool: new Spool(join(cacheDir, "spool")),
    clock: realClock,
    newToken: () => randomBytes(32).toString("base64url"),
    log,
    settings,
  });
}

/** Attempts in child processes of this one. */
function childHost(options: WorkerOptions, settings: WorkerSettings, startTicks: string): AttemptHost {
  const { contract, cacheDir, projectRoot, childPath, slots, log } = options;
  const artifacts = new ArtifactCache({ contract, folder: cacheDir, projectRoot, mostBytes: settings.cacheBytes });
  const supervisor = `${process.pid}:${startTicks}`;
  let ready = (): void => undefined;
  const pool = new ChildPool({
    command: childCommand(childPath, settings),
    environment: (childId) =>
      childEnvironment({ own: process.env, pass: settings.passEnvironment, childId, supervisor }),
    slots,
    settings,
    log,
    onReady: () => ready(),
  });
  return {
    async prepare() {
      pool.start();
      sweepOrphans();
      await artifacts.open();
    },
    get isFailing() {
      return pool.isFailing;
    },
    warmArtifacts: () => pool.warmArtifacts(),
    attempt: (workload, token, terms) => attemptIn({ contract, artifacts, pool, settings, terms }, workload, token),
    onReady: (listener) => {
      ready = listener;
    },
    stop: () => pool.stop(),
  };
}

function attemptIn(parts: AttemptParts, workload: TaskWorkload, token: string): RunningAttempt {
  const attempt = new TaskAttempt(workload, token, parts);
  return {
    ref: attempt.ref,
    run: () => attempt.run(),
    stop: (why, reason) => attempt.stop(why, reason),
    extend: (ms) => attempt.extend(ms),
    endLog: (ms) => attempt.log.end(ms),
  };
}
