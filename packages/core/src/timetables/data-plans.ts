import { latest as latestOf, type Ticks } from "./ticks.ts";
import type { Interval, Plan, PlanQuestion } from "./timetable.ts";

/**
 * A run for each interval between two ticks, after its end. Without catchup the first interval is the newest complete one;
 * the one that ends this very instant counts as complete.
 */
export function cronDataPlan(ticks: Ticks): Plan {
  const before = (instant: number | null) => (instant === null ? null : ticks.atOrBefore(instant - 1));
  const newestComplete = (now: number) => before(ticks.atOrBefore(now));
  const bound = ({ earliest, catchup, now }: PlanQuestion): number | null => {
    const aligned = earliest === null ? null : ticks.after(earliest - 1);
    return catchup ? aligned : latestOf([newestComplete(now), aligned]);
  };
  const ending = (start: number | null): Interval | null => {
    const end = start === null ? null : ticks.after(start);
    return start === null || end === null ? null : { start, end };
  };
  return {
    next(question) {
      const { last, earliest } = question;
      const lowest = bound(question);
      if (earliest !== null && ticks.after(earliest - 1) === null) return null;
      // After a change of schedule the last end may lie between two ticks: the interval around it is made again, whole.
      const start = last ? latestOf([ticks.atOrBefore(last.end), lowest]) : lowest;
      return startingAtMost(ending(start), question);
    },
    manual(logicalDate) {
      const end = ticks.atOrBefore(logicalDate);
      const start = before(end);
      return end === null || start === null ? { start: logicalDate, end: logicalDate } : { start, end };
    },
  };
}

/**
 * A run for each stretch of `length` milliseconds, after its end. With catchup the stretches start at the start date;
 * without it the first one ends at the last whole multiple of `length` since 1970.
 */
export function deltaDataPlan(length: number): Plan {
  return {
    next(question) {
      const { last, earliest, catchup, now } = question;
      const newestComplete = Math.floor(now / length) * length - length;
      const lowest = catchup ? earliest : latestOf([newestComplete, earliest]);
      const start = last ? latestOf([last.end, lowest]) : lowest;
      return startingAtMost(start === null ? null : { start, end: start + length }, question);
    },
    manual: (logicalDate) => ({ start: logicalDate - length, end: logicalDate }),
  };
}

function startingAtMost(interval: Interval | null, { latest }: PlanQuestion): Interval | null {
  return interval === null || (latest !== null && interval.start > latest) ? null : interval;
}
