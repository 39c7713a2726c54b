import type { Service } from "@airloom/core";
import { createDagProcessor, type ProcessorEvent } from "@airloom/dag-processor";
import type { ExecutionContract } from "@airloom/wire";
import type { ConsoleLog } from "../output/console-log.ts";
import { realTimers } from "./control.ts";
import type { ProcessContext } from "./process-context.ts";
import { remoteExecution } from "./remote-execution.ts";
import { untilSignal } from "./run-services.ts";
import { runUntilStopped } from "./until-stopped.ts";

export const createDagProcessorService = (context: ProcessContext, contract: ExecutionContract): Service => {
  const { config, home, log, children } = context;
  return createDagProcessor({
    contract,
    projectDir: home.project,
    dagsFolder: config.core.dagsFolder,
    cacheDir: home.path("cache", "parse"),
    childPath: children.parse,
    timers: realTimers,
    log: (event) => report(log, event),
    settings: {
      fileTimeoutMs: config.dagProcessor.fileTimeoutSeconds * 1_000,
      memoryLimitMb: config.dagProcessor.memoryLimitMb,
      refreshMs: config.dagProcessor.refreshSeconds * 1_000,
    },
  });
};

/** What a person who edits files wants to see: what came, what broke and where, what went. */
function report(log: ConsoleLog, event: ProcessorEvent): void {
  if (event.kind === "parsed") {
    for (const warning of event.warnings) log.write("warn", `${event.file}: ${warning}`);
    log.write(
      event.published.length > 0 ? "info" : "debug",
      `${event.file}: ${dagsOf(event)} (${event.seconds.toFixed(2)} s)`,
    );
  } else if (event.kind === "broken") {
    const { kind, message, location, hint } = event.error;
    log.write("error", [`${location ?? event.file}: ${kind}: ${message}`, hint].filter(Boolean).join("\n       "));
  } else if (event.kind === "unchanged") log.write("debug", `${event.file}: unchanged`);
  else if (event.kind === "gone") log.write("info", `gone: ${event.files.join(", ")}`);
  else
    log.write(
      event.kind === "trouble" ? "warn" : "debug",
      event.kind === "trouble" ? event.message : JSON.stringify(event),
    );
}

function dagsOf({ dags, published }: Extract<ProcessorEvent, { kind: "parsed" }>): string {
  const names =
    published.length > 5
      ? `${published.slice(0, 5).join(", ")} and ${published.length - 5} more`
      : published.join(", ");
  return published.length > 0 ? `published ${names}` : `${dags.length} Dags, nothing new`;
}

/** `airloom dag-processor`. */
export async function runDagProcessor(context: ProcessContext): Promise<void> {
  const signalled = untilSignal(context.log);
  const contract = await remoteExecution(context, signalled);
  if (!contract) return;
  const processor = createDagProcessorService(context, contract);
  const ready = () => `The dag-processor is ready: ${context.config.core.dagsFolder}`;
  await runUntilStopped({ ...context, signalled }, [processor], ready);
}
