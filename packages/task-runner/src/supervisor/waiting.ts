import type { Timers } from "@airloom/core";

/** Time and chance as a supervisor meets them: the machine's own in a process, virtual ones in a simulation. */
export interface Clock extends Timers {
  /** Monotonic, ms. */
  now(): number;
  /** From 0 up to 1. */
  random(): number;
}

export const realClock: Clock = {
  now: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
  random: Math.random,
};

/** Resolves after `ms`, or at once when the signal aborts. */
export function pause(ms: number, signal?: AbortSignal, clock: Clock = realClock): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const end = (): void => {
      forget();
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const forget = clock.after(ms, end);
    signal?.addEventListener("abort", end, { once: true });
  });
}

/** True when `promise` settled within `ms`. Never rejects. */
export function settlesWithin(promise: Promise<unknown>, ms: number, clock: Clock = realClock): Promise<boolean> {
  return new Promise((resolve) => {
    const forget = clock.after(ms, () => resolve(false));
    const settled = (): void => {
      forget();
      resolve(true);
    };
    promise.then(settled, settled);
  });
}

const shortestMs = 100;
const longestMs = 5_000;

/** How long to wait before asking again, after so many failures: doubling, with chance so that workers do not ask in step. */
export const backoffMs = (failures: number, { random }: Pick<Clock, "random"> = realClock): number =>
  Math.min(longestMs, shortestMs * 2 ** Math.min(failures, 10)) * (0.5 + random() / 2);
