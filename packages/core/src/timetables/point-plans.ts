import { earliest as earliestOf, latest as latestOf, type Ticks, unionTicks } from "./ticks.ts";
import type { Interval, Plan, PlanQuestion } from "./timetable.ts";

const fiveMinutes = 300_000;

/**
 * A run at each tick (Airflow's trigger timetables), with an interval of no length.
 * Without catchup at most one run of the past is made, the latest.
 */
export function cronPointPlan(sources: readonly Ticks[]): Plan {
  const ticks = unionTicks(sources);
  return {
    next(question) {
      const { last, earliest, catchup, now } = question;
      if (!last && earliest === null) return atMost(firstTick(sources, question), question);
      const following = last && ticks.after(last.end);
      // A Dag whose last tick was its final one has no next run, whatever came before it.
      if (last && following === null) return null;
      const starting = earliest === null ? null : ticks.after(earliest - 1);
      if (earliest !== null && starting === null) return null;
      if (catchup) return atMost(last ? following : starting, question);
      return atMost(latestOf([ticks.atOrBefore(now), following, starting]), question);
    },
    manual: (logicalDate) => ({ start: logicalDate, end: logicalDate }),
  };
}

/** A run every `length` milliseconds from the start date; when late and without catchup, now. */
export function deltaPointPlan(length: number): Plan {
  return {
    next(question) {
      const { last, earliest, catchup, now } = question;
      const following = last && last.end + length;
      if (catchup) return atMost(following ?? earliest ?? now, question);
      return atMost(latestOf([now, following, earliest]), question);
    },
    manual: (logicalDate) => ({ start: logicalDate, end: logicalDate }),
  };
}

/**
 * The first run of a Dag without a start date: the tick just gone while it is fresh (a tenth of the gap between ticks, at
 * least five minutes), else the next. Each expression decides for itself.
 */
function firstTick(sources: readonly Ticks[], { catchup, now }: PlanQuestion): number | null {
  const candidates = sources.map((ticks) => {
    const past = ticks.atOrBefore(now);
    const next = ticks.after(now - 1);
    if (past === null || next === null) return next ?? past;
    return now - past <= Math.max((next - past) / 10, fiveMinutes) ? past : next;
  });
  if (catchup) return earliestOf(candidates);
  return latestOf(candidates.filter((tick) => tick !== null && tick <= now)) ?? earliestOf(candidates);
}

function atMost(instant: number | null, { latest }: PlanQuestion): Interval | null {
  if (instant === null || (latest !== null && instant > latest)) return null;
  return { start: instant, end: instant };
}
