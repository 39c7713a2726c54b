export { createWorker, type WorkerOptions } from "./supervisor/worker.ts";
export type { WorkerLog } from "./supervisor/worker-log.ts";
export type { WorkerSettings } from "./supervisor/worker-settings.ts";
