export { createScheduler, defaultSchedulerSettings, type SchedulerDeps, type SchedulerSettings } from "./scheduler.ts";
