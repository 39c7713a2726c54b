import type { Interval, Plan, PlanQuestion } from "./timetable.ts";

const isAfter = (instant: number, limit: number | null): boolean => limit !== null && instant > limit;

const exactly = (instant: number): Interval => ({ start: instant, end: instant });

/** No schedule: runs are made by people, assets and the API. */
export const nonePlan: Plan = { next: () => null, manual: exactly };

/** One run at the start date, or now; whether catchup is on plays no part. */
export const oncePlan: Plan = {
  next({ last, earliest, latest, now }) {
    const instant = earliest ?? now;
    return last || isAfter(instant, latest) ? null : exactly(instant);
  },
  manual: exactly,
};

/** A run as soon as the last one is over (the Dag allows one at a time), covering the time since that one. */
export const continuousPlan: Plan = {
  next(question) {
    const start = continuousStart(question);
    const end = Math.max(start, question.now);
    return isAfter(end, question.latest) ? null : { start, end };
  },
  manual: exactly,
};

function continuousStart({ last, earliest, now }: PlanQuestion): number {
  if (!last) return earliest ?? now;
  // The first run may cover no time at all; the next must not have its logical date again.
  const unused = Math.max(last.end, last.start + 1);
  return Math.max(unused, earliest ?? unused);
}
