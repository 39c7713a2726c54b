import type { Service, Timers } from "@airloom/core";

export interface LoopOptions {
  readonly name: string;
  readonly timers: Timers;
  /** One pass. True = something was done, so look again at once. */
  readonly pass: () => Promise<boolean>;
  /** When something is known to be due next, ms from now; the loop sleeps until then, at most `pollMs`. */
  readonly dueIn?: () => Promise<number | null>;
  /** Calls the loop awake; returns what stops that. */
  readonly wakers: readonly ((wake: () => void) => () => void)[];
  /** Hints that come so soon after another, ms, are one with it: for what nobody waits for by the millisecond. @default 0 */
  readonly gatherMs?: number;
  /** Looks at least this often: hints may be lost. One that has wakers, and found nothing and heard nothing, looks up to five times more rarely. */
  readonly pollMs: number;
  readonly onError: (error: unknown) => void;
}

/** A service that repeats a pass: at once while there is work, then when woken, due, or polled. An error is told and waited out, never fatal. */
export function createLoop(options: LoopOptions): Service {
  let running: Promise<void> | null = null;
  let stopping = false;
  let woken = false;
  /** After an error nobody calls it awake: what failed would fail again as often as others shout. */
  let deaf = false;
  let wake: () => void = () => {};
  let unsubscribe: (() => void)[] = [];

  const sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const forget = options.timers.after(ms, resolve);
      wake = () => {
        forget();
        resolve();
      };
      if ((woken && !deaf) || stopping) wake();
    });

  const gather = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const forget = options.timers.after(ms, resolve);
      wake = () => {
        if (!stopping) return;
        forget();
        resolve();
      };
      if (stopping) wake();
    });

  async function repeat(): Promise<void> {
    let failures = 0;
    let rests = 0;
    while (!stopping) {
      rests = woken ? 0 : rests + 1;
      woken = false;
      try {
        const did = await options.pass();
        failures = 0;
        if (did) {
          rests = 0;
          continue;
        }
        await sleep(await pause(options, options.wakers.length > 0 ? Math.min(rests, 5) : 1));
        if (woken && options.gatherMs) await gather(options.gatherMs);
      } catch (error) {
        failures += 1;
        rests = 0;
        options.onError(error);
        deaf = true;
        await sleep(Math.min(5_000, 100 * 2 ** failures));
        deaf = false;
      }
    }
  }

  return {
    name: options.name,
    async start() {
      unsubscribe = options.wakers.map((waker) =>
        waker(() => {
          woken = true;
          if (!deaf) wake();
        }),
      );
      running = repeat();
    },
    async stop() {
      stopping = true;
      for (const off of unsubscribe) off();
      unsubscribe = [];
      wake();
      await running;
    },
  };
}

/** Something overdue that a pass could not do must not make the loop spin. */
async function pause({ dueIn, pollMs }: LoopOptions, rests: number): Promise<number> {
  const due = dueIn ? await dueIn() : null;
  const longest = pollMs * Math.max(1, rests);
  return due === null || due <= 0 ? longest : Math.min(due, longest);
}
