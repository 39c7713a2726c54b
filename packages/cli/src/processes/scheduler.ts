import { hostname } from "node:os";
import type { Service } from "@airloom/core";
import { createLocalExecutor, createSequentialExecutor } from "@airloom/executors";
import { createScheduler, defaultSchedulerSettings } from "@airloom/scheduler";
import { type Control, createControl } from "./control.ts";
import { openDatabase } from "./database.ts";
import type { ProcessContext } from "./process-context.ts";
import { createEventPrinter } from "./run-events.ts";
import { closing, runUntilStopped } from "./until-stopped.ts";

export const createSchedulerService = ({ config, log }: ProcessContext, control: Control): Service =>
  createScheduler({
    ...control.deps,
    timers: control.timers,
    identity: { id: control.deps.newId(), hostname: hostname(), pid: process.pid },
    log: log.write,
    schedule: { ...defaultSchedulerSettings, pollMs: config.scheduler.pollMs, rescueMs: config.scheduler.rescueMs },
  });

/** `airloom scheduler`: also keeps the executors' limits and offers. */
export async function runScheduler(context: ProcessContext): Promise<void> {
  const { config, home, log, environment } = context;
  const database = await openDatabase(config, home, (line) => log.write("debug", line));
  const control = createControl({ url: database.url, config, home, environment, tell: createEventPrinter(log) });
  const services = [
    closing("database", () => database.close("stopped")),
    closing("store", () => control.close()),
    createLocalExecutor({ ...control, parallelism: config.core.parallelism }),
    createSequentialExecutor(control),
    createSchedulerService(context, control),
  ];
  await runUntilStopped(context, services, () => "The scheduler is ready");
}
