import type { Timers } from "@airloom/core";

/** When to look next. */
export interface Schedule {
  run: () => void;
  lookIn(ms: number): void;
  /** Calls once when no look was asked for during `ms`. */
  whenQuiet(ms: number, callback: () => void): void;
  readonly stop: () => void;
}

export function createSchedule(timers: Timers): Schedule {
  let next: { readonly at: number; readonly cancel: () => void } | null = null;
  let cancelQuiet = (): void => undefined;
  let stopped = false;
  const schedule: Schedule = {
    run: () => undefined,
    lookIn(ms) {
      const at = Date.now() + ms;
      if (stopped || (next && next.at <= at)) return;
      next?.cancel();
      const cancel = timers.after(ms, () => {
        next = null;
        schedule.run();
      });
      next = { at, cancel };
    },
    whenQuiet(ms, callback) {
      cancelQuiet();
      if (!stopped) cancelQuiet = timers.after(ms, callback);
    },
    stop() {
      stopped = true;
      next?.cancel();
      cancelQuiet();
    },
  };
  return schedule;
}
