export { createWorker, type WorkerOptions } from "./supervisor/worker.ts";
export type { WorkerLog } from "./supervisor/worker-log.ts";
export { defaultWorkerSettings, type WorkerSettings } from "./supervisor/worker-settings.ts";
