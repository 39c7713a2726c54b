import type { CronExpression } from "./cron-expression.ts";
import type { Zone } from "./zone.ts";

/** The instants (milliseconds) a schedule fires at, as two questions; null when there is no such instant. */
export interface Ticks {
  after(instant: number): number | null;
  atOrBefore(instant: number): number | null;
}

const hour = 3_600_000;
/** Further from a change of offset than any gap or repeated time reaches (the largest in use is two hours). */
const shadow = 3 * hour;

/**
 * The instants of a cron expression in a time zone, by Airflow's rule. The expression is matched against the wall clock, and
 * the local time found is turned into an instant: the later one where the clock goes back, past the gap where it goes
 * forward. One that covers every hour steps by elapsed time instead, so that it fires in both of the two equal hours.
 *
 * Around a change of offset this rule depends on where one starts from (inside the repeated hour a wall clock says too
 * little). There the answer is found by stepping from a quiet time before it, so that it is the same from everywhere.
 */
export function cronTicks(cron: CronExpression, zone: Zone): Ticks {
  const step = (instant: number): number | null => {
    const local = zone.localAt(instant);
    for (let next = cron.after(local); next !== null; next = cron.after(next)) {
      const wait = next - local;
      // Longer than an hour leads to another day, whose hours the wall clock tells.
      const found = cron.hour.every && wait <= hour ? instant + wait : zone.instantAt(next);
      // Always so in today's zones; without it, odd ones of history could hold the walk below in one place.
      if (found > instant) return found;
    }
    return null;
  };
  const stepBack = (instant: number): number | null => {
    const local = zone.localAt(instant);
    const last = cron.atOrBefore(local);
    if (last === null) return null;
    const passed = local - last;
    return cron.hour.every && passed <= hour ? instant - passed : zone.instantAt(last);
  };

  // A shift of whole hours moves no tick of an expression that fires in every hour of every day.
  const indifferent = cron.hour.every && cron.everyDay ? hour : Number.POSITIVE_INFINITY;
  const isQuiet = (instant: number): boolean => {
    const offset = zone.offsetAt(instant);
    return [instant - shadow, instant + shadow].every((near) => {
      const shift = Math.abs(zone.offsetAt(near) - offset);
      return shift === 0 || shift % indifferent === 0;
    });
  };
  const quietBefore = (instant: number): number => {
    let quiet = instant - shadow;
    while (!isQuiet(quiet)) quiet -= shadow;
    return quiet;
  };
  const walk = (from: number, to: number): { last: number | null; next: number | null } => {
    let last: number | null = null;
    let next = step(from);
    while (next !== null && next <= to) {
      last = next;
      next = step(next);
    }
    return { last, next };
  };

  return {
    after: (instant) => (isQuiet(instant) ? step(instant) : walk(quietBefore(instant), instant).next),
    atOrBefore(instant) {
      for (let to = instant; ; ) {
        const guess = stepBack(to);
        if (guess === null) return null;
        if (guess <= to && isQuiet(guess) && isQuiet(to)) return guess;
        const from = quietBefore(Math.min(guess, to));
        const { last } = walk(from, to);
        if (last !== null) return last;
        to = from;
      }
    },
  };
}

/** Several schedules as one: an instant that two of them share counts once. */
export function unionTicks(all: readonly Ticks[]): Ticks {
  const [only] = all;
  if (only && all.length === 1) return only;
  return {
    after: (instant) => earliest(all.map((ticks) => ticks.after(instant))),
    atOrBefore: (instant) => latest(all.map((ticks) => ticks.atOrBefore(instant))),
  };
}

export function earliest(instants: readonly (number | null)[]): number | null {
  const known = instants.filter((instant) => instant !== null);
  return known.length === 0 ? null : Math.min(...known);
}

export function latest(instants: readonly (number | null)[]): number | null {
  const known = instants.filter((instant) => instant !== null);
  return known.length === 0 ? null : Math.max(...known);
}
