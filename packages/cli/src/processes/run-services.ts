import type { Service } from "@airloom/core";
import type { ConsoleLog } from "../output/console-log.ts";

/** Starts services in order and stops them in the reverse one, each even if another failed. */
export async function startServices(services: readonly Service[]): Promise<(reason: string) => Promise<void>> {
  const started: Service[] = [];
  const stopAll = async (reason: string): Promise<void> => {
    const errors: unknown[] = [];
    for (const service of started.splice(0).reverse()) await service.stop(reason).catch((error) => errors.push(error));
    if (errors.length > 0) throw errors[0];
  };
  for (const service of services) {
    try {
      await service.start();
      started.push(service);
    } catch (error) {
      await stopAll(`${service.name} did not start`).catch(() => {});
      throw error;
    }
  }
  return stopAll;
}

/** Resolves with the signal's name at the first SIGINT or SIGTERM. The second one of a hurried person ends the process. */
export function untilSignal(log: ConsoleLog): Promise<string> {
  return new Promise((resolve) => {
    let asked = 0;
    const onSignal = (signal: NodeJS.Signals) => {
      asked += 1;
      if (asked === 1) resolve(signal);
      else if (asked === 2) log.write("warn", "stopping already; once more to give up waiting");
      else process.exit(130);
    };
    process.on("SIGINT", onSignal);
    process.on("SIGTERM", onSignal);
  });
}
