import type { Service } from "@airloom/core";
import type { ProcessContext } from "./process-context.ts";
import { startServices, untilSignal } from "./run-services.ts";

/** A service with nothing to start: something to close in its turn. */
export const closing = (name: string, close: () => Promise<void>): Service => ({
  name,
  start: async () => {},
  stop: close,
});

/** Runs services until a signal comes, and stops them in the reverse order of their start. */
export async function runUntilStopped(
  { log, signalled = untilSignal(log) }: Pick<ProcessContext, "log"> & { readonly signalled?: Promise<string> },
  services: readonly Service[],
  ready: () => string,
): Promise<void> {
  const stop = await startServices(services);
  log.write("info", ready());
  log.write("info", `${await signalled}: stopping`);
  await stop("stopped by a signal");
  log.write("info", "stopped");
}
