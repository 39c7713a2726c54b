/** The times of one run (Airflow's `DagRunInfo`). */
export interface RunTimes {
  /** Names the run within its Dag. */
  readonly logicalDate: Date;
  readonly intervalStart: Date;
  readonly intervalEnd: Date;
  /** The run may start from this instant on. */
  readonly runAfter: Date;
}

export interface DataInterval {
  readonly start: Date;
  readonly end: Date;
}

/** What the next run depends on besides the schedule. */
export interface NextRunQuestion {
  /** The latest run this timetable made (not manual ones); null when there is none. */
  readonly last: RunTimes | null;
  readonly startDate: Date | null;
  /** No run with a logical date after this one is made. */
  readonly endDate: Date | null;
  /** Whether runs of the past are made up for; without it only the newest one is. */
  readonly catchup: boolean;
  readonly now: Date;
}

/** Plans the runs of a Dag. Pure: the same question has the same answer. */
export interface Timetable {
  /** The schedule in one line, as the author wrote it: `0 6 * * * (Europe/London)`. */
  readonly summary: string;
  /** The schedule in English: `At 06:00, Europe/London`. */
  readonly description: string;
  /** The next run to make, due or in the future; null when there is none. */
  nextRun(question: NextRunQuestion): RunTimes | null;
  /** The data interval of a manual run with this logical date. */
  manualInterval(logicalDate: Date): DataInterval;
}

/** What the parts of a timetable plan in: milliseconds, null for "none". */
export interface Plan {
  next(question: PlanQuestion): Interval | null;
  manual(logicalDate: number): Interval;
}

export interface Interval {
  readonly start: number;
  readonly end: number;
}

export interface PlanQuestion {
  /** Interval of the last run. */
  readonly last: Interval | null;
  readonly earliest: number | null;
  readonly latest: number | null;
  readonly catchup: boolean;
  readonly now: number;
}

/** A timetable around a plan. In every one the logical date is the start of the interval, and a run may start at its end. */
export function createTimetable(words: { summary: string; description: string }, plan: Plan): Timetable {
  return {
    ...words,
    nextRun({ last, startDate, endDate, catchup, now }) {
      const interval = plan.next({
        last: last && { start: last.intervalStart.getTime(), end: last.intervalEnd.getTime() },
        earliest: startDate?.getTime() ?? null,
        latest: endDate?.getTime() ?? null,
        catchup,
        now: now.getTime(),
      });
      return interval && runTimes(interval);
    },
    manualInterval(logicalDate) {
      const { start, end } = plan.manual(logicalDate.getTime());
      return { start: new Date(start), end: new Date(end) };
    },
  };
}

function runTimes({ start, end }: Interval): RunTimes {
  return {
    logicalDate: new Date(start),
    intervalStart: new Date(start),
    intervalEnd: new Date(end),
    runAfter: new Date(end),
  };
}
