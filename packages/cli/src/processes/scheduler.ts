import { hostname } from "node:os";
import type { Service } from "@airloom/core";
import { createScheduler, defaultSchedulerSettings } from "@airloom/scheduler";
import type { Control } from "./control.ts";
import type { ProcessContext } from "./process-context.ts";

export const createSchedulerService = ({ config, log }: ProcessContext, control: Control): Service =>
  createScheduler({
    ...control.deps,
    timers: control.timers,
    identity: { id: control.deps.newId(), hostname: hostname(), pid: process.pid },
    log: log.write,
    schedule: { ...defaultSchedulerSettings, pollMs: config.scheduler.pollMs, rescueMs: config.scheduler.rescueMs },
  });
