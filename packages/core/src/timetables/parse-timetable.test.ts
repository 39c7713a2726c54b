import { tries } from "@airloom/testkit/properties";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseTimetable } from "./parse-timetable.ts";
import type { NextRunQuestion, RunTimes } from "./timetable.ts";
import type { TimetableSpec } from "./timetable-spec.ts";

type Shape = "point" | "data";
const cron = (interval: Shape, ...expressions: string[]): TimetableSpec => ({
  kind: "cron",
  expressions,
  timezone: "UTC",
  interval,
});
const delta = (interval: Shape, seconds: number): TimetableSpec => ({ kind: "delta", seconds, interval });
const hour = 3600;

/** A question in short: times are ISO text without the year, `03-05T06:00`. */
interface Short {
  readonly last?: string | readonly [string, string];
  readonly start?: string;
  readonly end?: string;
  readonly catchup?: boolean;
  readonly now?: string;
}

const at = (text: string) => new Date(`2026-${text}Z`);
const short = (date: Date) => date.toISOString().slice(5, 16);

function run(start: string, end: string): RunTimes {
  return { logicalDate: at(start), intervalStart: at(start), intervalEnd: at(end), runAfter: at(end) };
}

function question({ last, start, end, catchup = false, now = "03-05T10:30" }: Short): NextRunQuestion {
  const [from, to] = typeof last === "string" ? [last, last] : (last ?? []);
  return {
    last: from && to ? run(from, to) : null,
    startDate: start ? at(start) : null,
    endDate: end ? at(end) : null,
    catchup,
    now: at(now),
  };
}

/** The interval of the next run, `start/end`. */
function next(spec: TimetableSpec, asked: Short): string | null {
  const found = parseTimetable(spec).nextRun(question(asked));
  if (!found) return null;
  expect(found.logicalDate).toEqual(found.intervalStart);
  expect(found.runAfter).toEqual(found.intervalEnd);
  return found.intervalStart.getTime() === found.intervalEnd.getTime()
    ? short(found.intervalStart)
    : `${short(found.intervalStart)}/${short(found.intervalEnd)}`;
}

describe("no schedule, once, continuous", () => {
  test("no schedule plans nothing", () => {
    expect(next({ kind: "none" }, { start: "01-01T00:00", catchup: true })).toBeNull();
  });

  test.each<[string, Short, string | null]>([
    ["runs at the start date, past or not", { start: "01-01T00:00" }, "01-01T00:00"],
    ["runs at a start date in the future", { start: "06-01T00:00" }, "06-01T00:00"],
    ["runs now without a start date", {}, "03-05T10:30"],
    ["does not run twice", { start: "01-01T00:00", last: "01-01T00:00", catchup: true }, null],
    ["does not run after the end date", { start: "02-01T00:00", end: "01-01T00:00" }, null],
  ])("once: %s", (_title, asked, expected) => {
    expect(next({ kind: "once" }, asked)).toBe(expected);
  });

  test.each<[string, Short, string | null]>([
    ["starts now", {}, "03-05T10:30"],
    ["covers the time since the start date", { start: "03-05T08:00" }, "03-05T08:00/03-05T10:30"],
    ["waits for a start date in the future", { start: "03-06T08:00" }, "03-06T08:00"],
    ["goes on where the last run ended", { last: ["03-05T08:00", "03-05T10:00"] }, "03-05T10:00/03-05T10:30"],
    ["stops at the end date", { last: ["03-05T08:00", "03-05T10:00"], end: "03-05T10:29" }, null],
  ])("continuous: %s", (_title, asked, expected) => {
    expect(next({ kind: "continuous" }, asked)).toBe(expected);
  });

  test("continuous: the second run does not take the logical date of a first one without length", () => {
    const first = run("03-05T10:30", "03-05T10:30");
    const found = parseTimetable({ kind: "continuous" }).nextRun({ ...question({}), last: first });
    expect(found?.logicalDate.getTime()).toBeGreaterThan(first.logicalDate.getTime());
  });
});

describe("cron at points", () => {
  const daily = cron("point", "0 6 * * *");
  test.each<[string, Short, string | null]>([
    ["catchup: first the start date, when it is a tick", { start: "01-01T06:00", catchup: true }, "01-01T06:00"],
    ["catchup: else the tick after it", { start: "01-01T06:01", catchup: true }, "01-02T06:00"],
    [
      "catchup: each tick after the last run",
      { start: "01-01T00:00", last: "01-01T06:00", catchup: true },
      "01-02T06:00",
    ],
    ["one run of the past, the latest", { start: "01-01T00:00" }, "03-05T06:00"],
    ["a tick at this very instant is the latest", { start: "01-01T00:00", now: "03-05T06:00" }, "03-05T06:00"],
    ["and a millisecond before it is not", { start: "01-01T00:00", now: "03-05T05:59:59.999" }, "03-04T06:00"],
    ["a gap after the last run is skipped", { start: "01-01T00:00", last: "01-10T06:00" }, "03-05T06:00"],
    ["the latest is not made twice", { start: "01-01T00:00", last: "03-05T06:00" }, "03-06T06:00"],
    ["a start date in the future is waited for", { start: "04-01T09:00" }, "04-02T06:00"],
    ["a start date moved past the last run counts", { start: "04-01T00:00", last: "03-05T06:00" }, "04-01T06:00"],
    ["a run on the end date is made", { start: "01-01T00:00", end: "03-05T06:00" }, "03-05T06:00"],
    ["one after it is not", { start: "01-01T00:00", end: "03-05T05:59" }, null],
    ["the end date holds for catchup too", { start: "03-01T00:00", end: "03-01T05:00", catchup: true }, null],
    // A changed schedule: the last run was hourly.
    [
      "a changed schedule goes on after the last run",
      { start: "01-01T00:00", last: "03-04T09:00", catchup: true },
      "03-05T06:00",
    ],
    ["without a start date a stale tick is left out", {}, "03-06T06:00"],
    ["and a fresh one is taken, up to a tenth of the gap", { now: "03-05T08:24" }, "03-05T06:00"],
    ["but not a minute more", { now: "03-05T08:25" }, "03-06T06:00"],
    ["that holds for catchup as well", { now: "03-05T08:24", catchup: true }, "03-05T06:00"],
    ["without a start date, after the first run, the rest is the same", { last: "03-04T06:00" }, "03-05T06:00"],
  ])("%s", (_title, asked, expected) => {
    expect(next(daily, asked)).toBe(expected);
  });

  test("for frequent ticks five minutes are fresh", () => {
    const halfHourly = cron("point", "*/30 * * * *");
    expect(next(halfHourly, { now: "03-05T10:35" })).toBe("03-05T10:30");
    expect(next(halfHourly, { now: "03-05T10:36" })).toBe("03-05T11:00");
  });

  describe("several expressions", () => {
    const both = cron("point", "0 6 * * *", "30 9 * * *", "30 9 5 * *");
    test.each<[string, Short, string | null]>([
      ["catchup takes the earliest", { start: "03-01T07:00", catchup: true }, "03-01T09:30"],
      [
        "one that fires with another makes one run",
        { start: "03-01T00:00", last: "03-05T09:30", catchup: true },
        "03-06T06:00",
      ],
      ["without catchup the newest of the past", { start: "01-01T00:00" }, "03-05T09:30"],
      ["else the soonest to come", { start: "01-01T00:00", last: "03-05T09:30" }, "03-06T06:00"],
      ["without a start date each decides on its own tick", { now: "03-05T23:00" }, "03-05T09:30"],
      ["and the soonest to come is taken when none is fresh", { now: "03-08T23:00" }, "03-09T06:00"],
    ])("%s", (_title, asked, expected) => {
      expect(next(both, asked)).toBe(expected);
    });
  });
});

describe("cron intervals", () => {
  const daily = cron("data", "0 6 * * *");
  test.each<[string, Short, string | null]>([
    ["catchup: the first starts at the start date", { start: "01-01T06:00", catchup: true }, "01-01T06:00/01-02T06:00"],
    ["catchup: or at the tick after it", { start: "01-01T06:01", catchup: true }, "01-02T06:00/01-03T06:00"],
    [
      "catchup: each follows the last",
      { start: "01-01T00:00", last: ["01-01T06:00", "01-02T06:00"], catchup: true },
      "01-02T06:00/01-03T06:00",
    ],
    ["catchup without a start date has no first run", { catchup: true }, null],
    [
      "catchup without a start date goes on after a run",
      { last: ["01-01T06:00", "01-02T06:00"], catchup: true },
      "01-02T06:00/01-03T06:00",
    ],
    ["without catchup the newest complete one", { start: "01-01T00:00" }, "03-04T06:00/03-05T06:00"],
    ["with or without a start date", {}, "03-04T06:00/03-05T06:00"],
    ["one that ends this very instant is complete", { now: "03-05T06:00" }, "03-04T06:00/03-05T06:00"],
    ["a millisecond before, it is not", { now: "03-05T05:59:59.999" }, "03-03T06:00/03-04T06:00"],
    ["a gap after the last run is skipped", { last: ["01-01T06:00", "01-02T06:00"] }, "03-04T06:00/03-05T06:00"],
    ["the newest is not made twice", { last: ["03-04T06:00", "03-05T06:00"] }, "03-05T06:00/03-06T06:00"],
    ["a start date in the future is waited for", { start: "04-01T09:00" }, "04-02T06:00/04-03T06:00"],
    ["an interval that starts on the end date is made", { end: "03-04T06:00" }, "03-04T06:00/03-05T06:00"],
    ["one that starts after it is not", { end: "03-04T05:59" }, null],
    [
      "a changed schedule is aligned down",
      { start: "01-01T00:00", last: ["03-04T08:00", "03-04T09:00"], catchup: true },
      "03-04T06:00/03-05T06:00",
    ],
    [
      "one that changed on a tick has nothing to align",
      { start: "01-01T00:00", last: ["03-04T05:00", "03-04T06:00"], catchup: true },
      "03-04T06:00/03-05T06:00",
    ],
  ])("%s", (_title, asked, expected) => {
    expect(next(daily, asked)).toBe(expected);
  });

  test("several expressions cut one line of intervals", () => {
    const both = cron("data", "0 6 * * *", "30 9 * * *");
    expect(next(both, {})).toBe("03-05T06:00/03-05T09:30");
    expect(next(both, { last: ["03-05T06:00", "03-05T09:30"] })).toBe("03-05T09:30/03-06T06:00");
  });

  test("the longest and shortest day are one interval each, of 25 and 23 hours", () => {
    const paris = parseTimetable({ ...daily, timezone: "Europe/Paris" } as TimetableSpec);
    const lengthFrom = (instant: string) => {
      const asked = { last: null, startDate: new Date(instant), endDate: null, catchup: true, now: at("12-31T00:00") };
      const found = paris.nextRun(asked);
      return found && (found.intervalEnd.getTime() - found.intervalStart.getTime()) / 3_600_000;
    };
    expect(lengthFrom("2026-10-24T04:00:00Z")).toBe(25);
    expect(lengthFrom("2026-03-28T05:00:00Z")).toBe(23);
    expect(lengthFrom("2026-06-01T04:00:00Z")).toBe(24);
  });
});

describe("fixed lengths of time", () => {
  test.each<[string, Short, string | null]>([
    ["catchup: first at the start date", { start: "03-01T00:07", catchup: true }, "03-01T00:07"],
    [
      "catchup: then a length after the last",
      { start: "03-01T00:07", last: "03-01T00:07", catchup: true },
      "03-01T06:07",
    ],
    ["catchup without a start date begins now", { catchup: true }, "03-05T10:30"],
    ["without catchup the first run is now", { start: "03-01T00:07" }, "03-05T10:30"],
    ["a start date in the future is waited for", { start: "04-01T00:07" }, "04-01T00:07"],
    ["the next comes a length after the last", { start: "03-01T00:07", last: "03-05T10:00" }, "03-05T16:00"],
    ["or now, when that is over", { start: "03-01T00:07", last: "03-05T04:00" }, "03-05T10:30"],
    ["none after the end date", { start: "03-01T00:07", last: "03-05T10:00", end: "03-05T15:00" }, null],
  ])("at points: %s", (_title, asked, expected) => {
    expect(next(delta("point", 6 * hour), asked)).toBe(expected);
  });

  test.each<[string, Short, string | null]>([
    ["catchup: the first starts at the start date", { start: "03-01T00:07", catchup: true }, "03-01T00:07/03-01T06:07"],
    [
      "catchup: each follows the last",
      { start: "03-01T00:07", last: ["03-01T00:07", "03-01T06:07"], catchup: true },
      "03-01T06:07/03-01T12:07",
    ],
    ["catchup without a start date has no first run", { catchup: true }, null],
    [
      "without catchup the newest complete one of the round intervals",
      { start: "03-01T00:07" },
      "03-05T00:00/03-05T06:00",
    ],
    ["one that ends this very instant is complete", { now: "03-05T12:00" }, "03-05T06:00/03-05T12:00"],
    ["not before the start date", { start: "03-05T08:07" }, "03-05T08:07/03-05T14:07"],
    ["a gap after the last run is skipped", { last: ["03-01T00:07", "03-01T06:07"] }, "03-05T00:00/03-05T06:00"],
    [
      "a changed length goes on where the last run ended",
      { last: ["03-05T09:00", "03-05T10:00"] },
      "03-05T10:00/03-05T16:00",
    ],
    ["an interval that starts on the end date is made", { end: "03-05T00:00" }, "03-05T00:00/03-05T06:00"],
    ["one that starts after it is not", { end: "03-04T23:59" }, null],
  ])("intervals: %s", (_title, asked, expected) => {
    expect(next(delta("data", 6 * hour), asked)).toBe(expected);
  });

  test("they are absolute: a day stays 24 hours when the clock changes", () => {
    const asked = { start: "03-28T12:00", last: "03-28T12:00", catchup: true };
    expect(next(delta("point", 24 * hour), asked)).toBe("03-29T12:00");
  });
});

describe("the interval of a manual run", () => {
  const manual = (spec: TimetableSpec, text: string) => {
    const { start, end } = parseTimetable(spec).manualInterval(at(text));
    return `${short(start)}/${short(end)}`;
  };
  test.each<[string, TimetableSpec, string, string]>([
    ["none", { kind: "none" }, "03-05T10:30", "03-05T10:30/03-05T10:30"],
    ["once", { kind: "once" }, "03-05T10:30", "03-05T10:30/03-05T10:30"],
    ["continuous", { kind: "continuous" }, "03-05T10:30", "03-05T10:30/03-05T10:30"],
    ["cron at points", cron("point", "0 6 * * *"), "03-05T10:30", "03-05T10:30/03-05T10:30"],
    ["cron intervals: the newest complete one", cron("data", "0 6 * * *"), "03-05T10:30", "03-04T06:00/03-05T06:00"],
    ["cron intervals: one that ends right then", cron("data", "0 6 * * *"), "03-05T06:00", "03-04T06:00/03-05T06:00"],
    ["cron that never fires", cron("data", "0 0 31 2 *"), "03-05T10:30", "03-05T10:30/03-05T10:30"],
    ["length at points", delta("point", hour), "03-05T10:30", "03-05T10:30/03-05T10:30"],
    ["length as intervals", delta("data", hour), "03-05T10:30", "03-05T09:30/03-05T10:30"],
  ])("%s", (...[, spec, logicalDate, expected]) => {
    expect(manual(spec, logicalDate)).toBe(expected);
  });
});

describe("schedules that cannot be", () => {
  test.each<[string, TimetableSpec]>([
    ["at points", cron("point", "0 0 31 2 *")],
    ["as intervals", cron("data", "0 0 31 2 *")],
  ])("a date that never comes plans nothing, %s", (_title, spec) => {
    for (const asked of [
      {},
      { start: "01-01T00:00" },
      { last: "01-01T00:00" },
      { start: "01-01T00:00", catchup: true },
    ]) {
      expect(next(spec, asked)).toBeNull();
    }
  });

  test.each<[TimetableSpec, string]>([
    [cron("point"), "it has no cron expression"],
    [cron("point", "0 6 * * *", "61 * * * *"), 'The schedule "61 * * * *" is not valid'],
    [{ kind: "cron", expressions: ["0 6 * * *"], timezone: "Mars/Olympus", interval: "data" }, '"Mars/Olympus"'],
    [delta("point", 0), "must be more than 0"],
    [delta("data", -5), "must be more than 0"],
    [delta("data", Number.NaN), "must be more than 0"],
    [delta("data", 1e12), "at most 100 years"],
  ])("%j is refused with its cause", (spec, cause) => {
    expect(() => parseTimetable(spec)).toThrow(expect.objectContaining({ code: "TIMETABLE_INVALID" }));
    expect(() => parseTimetable(spec)).toThrow(cause);
  });
});

test.each<[TimetableSpec, string, string]>([
  [{ kind: "none" }, "None", "Never, only when triggered"],
  [{ kind: "once" }, "@once", "Once, as soon as possible"],
  [cron("point", "0 6 * * *", "@daily"), "0 6 * * *, @daily (UTC)", "At 06:00; At 00:00, UTC"],
  [
    { kind: "cron", expressions: ["0 6 * * *"], timezone: "Europe/London", interval: "data" },
    "0 6 * * * (Europe/London)",
    "At 06:00, Europe/London",
  ],
  [delta("point", 5400), "every 1h30m", "Every 1h30m"],
])("%j is put into words", (spec, summary, description) => {
  expect(parseTimetable(spec)).toMatchObject({ summary, description });
});

const zones = fc.constantFrom(...Intl.supportedValuesOf("timeZone"));
const expressions = fc.constantFrom(
  "*/15 * * * *",
  "0 * * * *",
  "30 2 * * *",
  "0 0 * * *",
  "10,50 1-3 * * *",
  "*/20 2 * * *",
  "0 0 1 * *",
  "0 12 * * MON-FRI",
  "15 */5 * * *",
);
const shapes = fc.constantFrom<Shape>("point", "data");
const specs: fc.Arbitrary<TimetableSpec> = fc.oneof(
  fc.record({
    kind: fc.constant("cron" as const),
    expressions: fc.array(expressions, { minLength: 1, maxLength: 2 }),
    timezone: zones,
    interval: shapes,
  }),
  fc.record({ kind: fc.constant("delta" as const), seconds: fc.integer({ min: 60, max: 200_000 }), interval: shapes }),
);
const dates = fc.date({ min: new Date(Date.UTC(2015, 0)), max: new Date(Date.UTC(2035, 0)), noInvalidDate: true });

describe("any timetable, in any zone", () => {
  test("each run comes after the last, its interval begins where that ended, or later, and it starts at its end", () => {
    fc.assert(
      fc.property(specs, dates, fc.boolean(), (spec, startDate, catchup) => {
        const timetable = parseTimetable(spec);
        let last: RunTimes | null = null;
        for (let count = 0; count < 30; count += 1) {
          // Each time the newest run is due at once, as for a Dag that keeps up.
          const now: Date = last?.runAfter ?? startDate;
          const found: RunTimes | null = timetable.nextRun({ last, startDate, endDate: null, catchup, now });
          if (!found) throw new Error("a run was expected");
          expect(found.runAfter).toEqual(found.intervalEnd);
          expect(found.logicalDate).toEqual(found.intervalStart);
          expect(found.logicalDate >= startDate).toBe(true);
          if (last) {
            expect(found.logicalDate > last.logicalDate).toBe(true);
            expect(found.runAfter > last.runAfter).toBe(true);
            expect(found.intervalStart >= last.intervalEnd).toBe(true);
          }
          if ("interval" in spec) expect(found.intervalEnd > found.intervalStart).toBe(spec.interval === "data");
          last = found;
        }
      }),
      tries(150),
    );
  });

  test("with catchup nothing is left out: the intervals touch", () => {
    fc.assert(
      fc.property(expressions, zones, dates, (expression, timezone, startDate) => {
        const timetable = parseTimetable({ kind: "cron", expressions: [expression], timezone, interval: "data" });
        let last: RunTimes | null = null;
        for (let count = 0; count < 20; count += 1) {
          const asked: NextRunQuestion = {
            last,
            startDate,
            endDate: null,
            catchup: true,
            now: new Date(Date.UTC(2040, 0)),
          };
          const found: RunTimes | null = timetable.nextRun(asked);
          if (last) expect(found?.intervalStart).toEqual(last.intervalEnd);
          last = found;
        }
      }),
      tries(150),
    );
  });

  test("without catchup at most one run of the past is made", () => {
    fc.assert(
      fc.property(specs, dates, fc.integer({ min: 0, max: 400 }), (spec, startDate, days) => {
        const timetable = parseTimetable(spec);
        const now = new Date(startDate.getTime() + days * 86_400_000);
        const asked = { startDate, endDate: null, catchup: false, now };
        const first = timetable.nextRun({ ...asked, last: null });
        const second = timetable.nextRun({ ...asked, last: first });
        expect(second !== null && second.runAfter > now).toBe(true);
      }),
      tries(300),
    );
  });

  test("no run has a logical date after the end date", () => {
    fc.assert(
      fc.property(specs, dates, dates, (spec, startDate, endDate) => {
        const asked = { last: null, startDate, endDate, catchup: true, now: startDate };
        const found = parseTimetable(spec).nextRun(asked);
        expect(found === null || found.logicalDate <= endDate).toBe(true);
      }),
      tries(300),
    );
  });
});
