import { setTimeout as sleep } from "node:timers/promises";
import type { Store, Tx } from "@airloom/store";
import type { Chance } from "./chance.ts";

export interface SlowOptions {
  readonly chance: Chance;
  /** Told of every transaction that failed. */
  readonly onError: (error: unknown) => void;
  /** Ends the delays: the time for things to come right. */
  readonly isCalm: () => boolean;
}

/** The same store, with random pauses between its statements and before its commits: what may come between them does. */
export function slowStore(store: Store, options: SlowOptions): Store {
  return {
    ...store,
    tx: async (fn) => {
      try {
        return await store.tx((tx) => slowly(tx, options, fn));
      } catch (error) {
        options.onError(error);
        throw error;
      }
    },
  };
}

/** How long until the next statement is sent. Milliseconds; mostly not at all, now and then long. */
function pauseOf({ chance, isCalm }: SlowOptions, share: number): number {
  if (isCalm() || !chance.happens(share)) return 0;
  return chance.happens(0.03) ? chance.between(20, 120) : chance.between(0, 6);
}

async function slowly<T>(tx: Tx, options: SlowOptions, fn: (tx: Tx) => Promise<T>): Promise<T> {
  // Statements that are sent together keep their order, and go out before the commit.
  let gate: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  const send =
    (verb: (...values: unknown[]) => Promise<unknown>) =>
    (...values: unknown[]) => {
      const ms = pauseOf(options, 0.08);
      if (waiting === 0 && ms === 0) return verb.call(tx, ...values);
      waiting += 1;
      const sent = gate.then(async () => {
        if (ms > 0) await sleep(ms);
        waiting -= 1;
        const answer = verb.call(tx, ...values);
        answer.catch(() => {});
        return { answer };
      });
      gate = sent;
      const answered = sent.then(({ answer }) => answer);
      answered.catch(() => {});
      return answered;
    };
  const slow = new Proxy(tx, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? send(value as (...values: unknown[]) => Promise<unknown>) : value;
    },
  });
  const result = await fn(slow);
  await gate;
  const ms = pauseOf(options, 0.35);
  if (ms > 0) await sleep(ms);
  return result;
}
