import type { TriggerRule } from "@airloom/core";
import { checkFunction, makeTask, type Task } from "./task.ts";

/**
 * A task that decides whether anything follows: on false, everything after it is skipped.
 * @example const isWeekday = shortCircuit("is_weekday", (day: Date) => day.getUTCDay() % 6 !== 0);
 */
export const shortCircuit = <A extends readonly unknown[]>(
  id: string,
  fn: (...args: A) => boolean | Promise<boolean>,
): Task<A, boolean> =>
  makeTask<A, boolean>({ id, kind: "short_circuit", options: {}, fn: checkFunction(id, fn) }) as Task<A, boolean> &
    Task<A, boolean, TriggerRule>;
