import { writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { AirloomError, installFailpoints } from "@airloom/core";
import { type ArmedFailpoint, parseFailpoints } from "./grammar.ts";

/** What was sent before a crash leaves this process first, ms: the crash is to come after it, not instead of it. */
const flushMs = 20;

/** Makes happen in this process what `AIRLOOM_FAILPOINTS` says. Each time it does, a line on standard error tells so. */
export function armFailpoints(environment: Readonly<Record<string, string | undefined>>): void {
  const armed = new Map<string, ArmedFailpoint[]>();
  for (const one of parseFailpoints(environment.AIRLOOM_FAILPOINTS ?? ""))
    armed.set(one.name, [...(armed.get(one.name) ?? []), one]);
  const passes = new Map<string, number>();
  installFailpoints(async (name) => {
    const wanted = armed.get(name);
    if (!wanted) return false;
    const pass = (passes.get(name) ?? 0) + 1;
    passes.set(name, pass);
    const found = wanted.find(({ from, times }) => pass >= from && pass < from + times);
    if (!found) return false;
    // Written at once: after a crash there is no later.
    writeSync(2, `failpoint ${name}: ${found.action}, pass ${pass}\n`);
    return act(found);
  });
}

async function act({ name, action, ms }: ArmedFailpoint): Promise<boolean> {
  if (action === "crash") {
    if (name.endsWith(".sent")) await sleep(flushMs);
    process.kill(process.pid, "SIGKILL");
    // The signal is on its way; nothing of what follows may begin.
    await new Promise(() => {});
  }
  if (action === "error") throw new AirloomError("UNAVAILABLE", { reason: `failpoint ${name}` });
  if (action === "sleep") await sleep(ms);
  return action === "droprep";
}
