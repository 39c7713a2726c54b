import { AirloomError, type Service } from "@airloom/core";
import { ownIdentity } from "@airloom/db";
import { createLocalExecutor, createSequentialExecutor } from "@airloom/executors";
import { readRunFile, removeRunFile, writeRunFile } from "../home/run-file.ts";
import { createApiServer, refuseTakenPort } from "./api-server.ts";
import { createControl } from "./control.ts";
import { createDagProcessorService } from "./dag-processor.ts";
import { openDatabase } from "./database.ts";
import { welcomeFirstUser } from "./first-user.ts";
import type { ProcessContext } from "./process-context.ts";
import { createEventPrinter } from "./run-events.ts";
import { startServices, untilSignal } from "./run-services.ts";
import { createSchedulerService } from "./scheduler.ts";
import { closing } from "./until-stopped.ts";
import { createWorkerService } from "./worker.ts";

/**
 * Everything in one process, with its database, until a signal comes: scheduler, API, executors, worker, dag-processor. Stops in
 * order: no new work, running work drained, children, API, database.
 */
export async function runStandalone(context: ProcessContext): Promise<void> {
  const { config, home, log } = context;
  const running = readRunFile(home);
  if (running) throw new AirloomError("HOME_BUSY", { pid: running.pid, url: running.url });
  await refuseTakenPort(config.api.host, config.api.port);
  const signalled = untilSignal(log);
  const database = await openDatabase(config, home, (line) => log.write("debug", line));
  try {
    const control = createControl({
      url: database.url,
      config,
      home,
      environment: context.environment,
      tell: createEventPrinter(log),
    });
    const api = createApiServer({ control, config, home, log });
    const stop = await startServices([
      closing("store", () => control.close()),
      api,
      createSchedulerService(context, control),
      createLocalExecutor({ ...control, parallelism: config.core.parallelism }),
      createSequentialExecutor(control),
      ...createWorkers(context, control),
      createDagProcessorService(context, control.execution),
    ]);
    writeRunFile(home, { ...ownIdentity(), url: api.url, command: "standalone" });
    // Before it is said to be ready: who waits for that logs in at once.
    await welcomeFirstUser(context, control.store);
    log.write("info", `Airloom is ready at ${api.url}`);
    log.write("info", `${await signalled}: stopping`);
    removeRunFile(home);
    await stop("stopped by a signal");
  } finally {
    await database.close("stopped");
  }
  log.write("info", "stopped");
}

/** One for each of the executors that run on this machine. */
function createWorkers(context: ProcessContext, control: ReturnType<typeof createControl>): readonly Service[] {
  return [
    createWorkerService(context, { contract: control.execution, executor: "local" }),
    createWorkerService(context, { contract: control.execution, executor: "sequential", slots: 1 }),
  ];
}
