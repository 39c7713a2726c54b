export { createDueRuns } from "./create-due-runs.ts";
export { createScheduler, defaultSchedulerSettings, type SchedulerDeps, type SchedulerSettings } from "./scheduler.ts";
