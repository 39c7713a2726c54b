import type { RunEvent } from "@airloom/runs";
import type { ConsoleLog } from "../output/console-log.ts";
import { eventLine } from "../output/event-line.ts";

/** Prints what happens. Under a burst only runs are told one by one: a thousand lines a second help nobody. */
export function createEventPrinter(
  log: ConsoleLog,
  now: () => number = () => performance.now(),
): (event: RunEvent) => void {
  let second = 0;
  let told = 0;
  let kept = 0;
  return (event) => {
    const line = eventLine(event, log.level);
    if (line === null) return;
    const current = Math.floor(now() / 1_000);
    if (current !== second) {
      if (kept > 0) log.write("info", `  … and ${kept} more task moves`);
      second = current;
      told = 0;
      kept = 0;
    }
    const isRun = event.event !== "taskInstance:moved";
    if (isRun || told < 50) log.write(event.event.endsWith(":quarantined") ? "error" : "info", line);
    else kept += 1;
    told += 1;
  };
}
