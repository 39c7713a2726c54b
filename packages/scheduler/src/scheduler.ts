import type { Service, Timers } from "@airloom/core";
import {
  admitWaiting,
  advanceWokenRuns,
  failTimedOutRuns,
  type RunsDeps,
  rescueExpired,
  startRuns,
  wakeDueRuns,
} from "@airloom/runs";
import { createDueRuns } from "./create-due-runs.ts";
import { createLoop } from "./loop.ts";

export interface SchedulerDeps extends RunsDeps {
  readonly timers: Timers;
  readonly identity: { readonly id: string; readonly hostname: string; readonly pid: number };
  readonly log: (level: "info" | "warn" | "error", message: string, fields?: Record<string, unknown>) => void;
  readonly schedule: SchedulerSettings;
}

export interface SchedulerSettings {
  /** Hints wake the loops at once; this is how often they look without one. */
  readonly pollMs: number;
  readonly rescueMs: number;
  readonly heartbeatMs: number;
}

export const defaultSchedulerSettings: SchedulerSettings = { pollMs: 1_000, rescueMs: 2_000, heartbeatMs: 5_000 };

/** Each end of a run wakes the loops that make and start runs; where runs end by the hundred a second, they look for all of them at once. */
const gatherMs = 10;

/** Wakes runs: due timetables, queued runs, wake-ups, due retries, room for what waits, lost attempts. Several may run on one store. */
export function createScheduler(deps: SchedulerDeps): Service {
  const { store, timers, schedule } = deps;
  const onError = (name: string) => (error: unknown) => deps.log("error", `${name}: ${messageOf(error)}`);
  const loop = (name: string, pass: () => Promise<boolean>, more: Partial<Parameters<typeof createLoop>[0]> = {}) =>
    createLoop({ name, pass, timers, wakers: [], pollMs: schedule.pollMs, onError: onError(name), ...more });
  const hint = (topic: "wakeup" | "admission" | "dags" | "runs") => (wake: () => void) => store.onHint(topic, wake);

  const loops = [
    loop("due timetables", () => createDueRuns(deps), {
      wakers: [hint("dags"), hint("runs")],
      dueIn: () => msUntil(deps, (tx) => tx.nextRunDueAt()),
      gatherMs,
    }),
    loop("queued runs", async () => (await startRuns(deps)) > 0, { wakers: [hint("runs"), hint("dags")], gatherMs }),
    loop("wake-ups", async () => (await advanceWokenRuns(deps)) > 0, { wakers: [hint("wakeup")] }),
    loop("due tasks", async () => (await wakeDueRuns(deps)) > 0, {
      wakers: [hint("wakeup")],
      dueIn: () => msUntil(deps, (tx) => tx.nextDueAt()),
    }),
    loop("admission", async () => (await admitWaiting(deps)) > 0, {
      wakers: [hint("admission"), hint("wakeup"), hint("dags")],
    }),
    loop("lost attempts", async () => (await rescueExpired(deps)) > 0, { pollMs: schedule.rescueMs }),
    loop("run time-outs", async () => (await failTimedOutRuns(deps)) > 0),
    loop("heartbeat", () => beat(deps), { pollMs: schedule.heartbeatMs }),
  ];

  return {
    name: "scheduler",
    async start() {
      await beat(deps);
      for (const one of loops) await one.start();
    },
    async stop(reason) {
      await Promise.all(loops.map((one) => one.stop(reason)));
      await store.tx((tx) => tx.deleteService("scheduler", deps.identity.id)).catch(onError("heartbeat"));
    },
  };
}

async function beat({ store, identity }: SchedulerDeps): Promise<boolean> {
  await store.tx((tx) => tx.touchService({ kind: "scheduler", ...identity }));
  return false;
}

async function msUntil(
  { store }: SchedulerDeps,
  read: (tx: Parameters<Parameters<typeof store.tx>[0]>[0]) => Promise<Date | null>,
): Promise<number | null> {
  return store.tx(async (tx) => {
    const at = await read(tx);
    return at ? at.getTime() - tx.now.getTime() : null;
  });
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
