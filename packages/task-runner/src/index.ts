export type { SpooledFinish } from "./supervisor/spool.ts";
export { createWorker, type WorkerOptions } from "./supervisor/worker.ts";
export type { WorkerLog } from "./supervisor/worker-log.ts";
export {
  type AttemptHost,
  createWorkerOver,
  type RunningAttempt,
  type WorkerParts,
} from "./supervisor/worker-service.ts";
export type { WorkerSettings } from "./supervisor/worker-settings.ts";
