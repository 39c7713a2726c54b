import { tries } from "@airloom/testkit/properties";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseCron } from "./cron-expression.ts";
import { cronTicks, type Ticks, unionTicks } from "./ticks.ts";
import { parseZone } from "./zone.ts";

const ticksOf = (text: string, zone: string) => cronTicks(parseCron(text), parseZone(zone));

function between(ticks: Ticks, from: string, to: string): string[] {
  const found: string[] = [];
  for (let at = ticks.after(Date.parse(from)); at !== null && at < Date.parse(to); at = ticks.after(at)) {
    found.push(new Date(at).toISOString().slice(5, 16));
  }
  return found;
}

describe("cron across a change of offset", () => {
  test.each([
    // Paris: 29 March 2026 02:00 -> 03:00 (01:00Z); 25 October 03:00 -> 02:00 (01:00Z).
    [
      "30 2 * * *",
      "Europe/Paris",
      "2026-03-28T00:00Z",
      "2026-03-31T00:00Z",
      ["03-28T01:30", "03-29T01:30", "03-30T00:30"],
    ],
    [
      "30 2 * * *",
      "Europe/Paris",
      "2026-10-24T00:00Z",
      "2026-10-27T00:00Z",
      ["10-24T00:30", "10-25T01:30", "10-26T01:30"],
    ],
    // The first of the two 02:00 is left out.
    [
      "0 1-4 * * *",
      "Europe/Paris",
      "2026-10-24T22:00Z",
      "2026-10-25T22:00Z",
      ["10-24T23:00", "10-25T01:00", "10-25T02:00", "10-25T03:00"],
    ],
    [
      "0 1-4 * * *",
      "Europe/Paris",
      "2026-03-28T23:00Z",
      "2026-03-29T22:00Z",
      ["03-29T00:00", "03-29T01:00", "03-29T02:00"],
    ],
    // All that falls into the gap comes together at its first time.
    ["*/15 2 * * *", "Europe/Paris", "2026-03-29T00:00Z", "2026-03-30T00:10Z", ["03-29T01:00", "03-30T00:00"]],
    ["10,50 2 * * *", "Europe/Paris", "2026-03-29T00:00Z", "2026-03-30T00:20Z", ["03-29T01:10", "03-30T00:10"]],
    // New York: 8 March 2026 02:00 -> 03:00 (07:00Z); 1 November 02:00 -> 01:00 (06:00Z).
    ["30 2 * * *", "America/New_York", "2026-03-07T12:00Z", "2026-03-09T12:00Z", ["03-08T07:30", "03-09T06:30"]],
    ["30 1 * * *", "America/New_York", "2026-10-31T12:00Z", "2026-11-02T12:00Z", ["11-01T06:30", "11-02T06:30"]],
    [
      "*/30 * * * *",
      "America/New_York",
      "2026-11-01T05:00Z",
      "2026-11-01T07:10Z",
      ["11-01T05:30", "11-01T06:00", "11-01T06:30", "11-01T07:00"],
    ],
    // Lord Howe moves by 30 minutes: 4 October 2026 02:00 -> 02:30 (3 October 15:30Z), 5 April 02:00 -> 01:30 (4 April 15:00Z).
    ["15 2 * * *", "Australia/Lord_Howe", "2026-10-02T20:00Z", "2026-10-04T20:00Z", ["10-03T15:45", "10-04T15:15"]],
    ["45 1 * * *", "Australia/Lord_Howe", "2026-04-03T20:00Z", "2026-04-05T20:00Z", ["04-04T15:15", "04-05T15:15"]],
    [
      "*/30 * * * *",
      "Australia/Lord_Howe",
      "2026-04-04T14:00Z",
      "2026-04-04T16:10Z",
      ["04-04T14:30", "04-04T15:00", "04-04T15:30", "04-04T16:00"],
    ],
    // The clock skips midnight itself: Santiago 6 September 2026 00:00 -> 01:00 (04:00Z).
    ["0 0 * * *", "America/Santiago", "2026-09-05T12:00Z", "2026-09-07T12:00Z", ["09-06T04:00", "09-07T03:00"]],
    // A whole day that never was: Apia had no 30 December 2011.
    [
      "0 6 * * *",
      "Pacific/Apia",
      "2011-12-29T12:00Z",
      "2011-12-31T20:00Z",
      ["12-29T16:00", "12-30T16:00", "12-31T16:00"],
    ],
  ])("%s in %s from %s to %s", (...[text, zone, from, to, expected]) => {
    expect(between(ticksOf(text, zone), from, to)).toEqual(expected);
  });

  test.each([
    ["0 * * * *", "2026-10-25", 25],
    ["0 */1 * * *", "2026-10-25", 25],
    ["0 0-23 * * *", "2026-10-25", 25],
    ["0 * * * *", "2026-03-29", 23],
    ["0 * * * *", "2026-06-01", 24],
    ["*/15 * * * *", "2026-10-25", 100],
    ["0 * * * SUN", "2026-10-25", 25],
  ])("%s covers %s in Paris with %i runs, evenly spaced", (text, day, count) => {
    const zone = parseZone("Europe/Paris");
    const ticks = ticksOf(text, "Europe/Paris");
    const midnight = Date.parse(day);
    const found: number[] = [];
    const end = zone.instantAt(midnight + 86_400_000);
    for (let at = ticks.after(zone.instantAt(midnight) - 1); at !== null && at < end; at = ticks.after(at))
      found.push(at);
    expect(found).toHaveLength(count);
    expect(new Set(found.slice(1).map((at, index) => at - (found[index] ?? 0))).size).toBe(1);
  });

  test("an expression of all hours on some days keeps to its days though the clock changed in between", () => {
    const ticks = ticksOf("0 * * * MON", "Europe/Paris");
    const lastOfMonday = Date.parse("2026-03-23T22:00Z");
    expect(ticks.after(lastOfMonday)).toBe(Date.parse("2026-03-29T22:00Z"));
  });

  test("inside the repeated hour the second 02:30 is still to come", () => {
    const ticks = ticksOf("30 2 * * *", "Europe/Paris");
    const firstQuarterTo = Date.parse("2026-10-25T00:45Z");
    expect(ticks.after(firstQuarterTo)).toBe(Date.parse("2026-10-25T01:30Z"));
    expect(ticks.atOrBefore(firstQuarterTo)).toBe(Date.parse("2026-10-24T00:30Z"));
  });
});

describe("looking back across a gap", () => {
  test.each([
    ["10,50 2 * * *", "Europe/Paris", "2026-03-29T01:55Z", "2026-03-29T01:10Z"],
    ["10,50 2 * * *", "Europe/Paris", "2026-03-29T20:00Z", "2026-03-29T01:10Z"],
    ["10,50 2 * * *", "Europe/Paris", "2026-03-29T01:09Z", "2026-03-28T01:50Z"],
    ["15,35 2 * * *", "Australia/Lord_Howe", "2026-10-03T23:00Z", "2026-10-03T15:45Z"],
  ])("%s in %s: the last run at %s was %s", (...[text, zone, at, expected]) => {
    expect(ticksOf(text, zone).atOrBefore(Date.parse(at))).toBe(Date.parse(expected));
  });
});

describe("unionTicks", () => {
  test("two schedules that share an instant fire once", () => {
    const ticks = unionTicks([ticksOf("0 * * * *", "UTC"), ticksOf("*/30 2 * * *", "UTC")]);
    expect(between(ticks, "2026-01-01T01:00Z", "2026-01-01T03:10Z")).toEqual([
      "01-01T02:00",
      "01-01T02:30",
      "01-01T03:00",
    ]);
  });

  test("one that never fires does not silence the other", () => {
    const ticks = unionTicks([ticksOf("0 0 31 2 *", "UTC"), ticksOf("0 6 * * *", "UTC")]);
    expect(between(ticks, "2026-01-01T00:00Z", "2026-01-02T00:00Z")).toEqual(["01-01T06:00"]);
  });
});

const field = (min: number, max: number) =>
  fc.oneof(
    fc.constant("*"),
    fc.integer({ min, max }).map(String),
    fc.integer({ min: 1, max: Math.min(max - min + 1, 12) }).map((step) => `*/${step}`),
    fc.tuple(fc.integer({ min, max }), fc.integer({ min, max })).map(([from, to]) => `${from}-${to}`),
  );
const day = (min: number, max: number) =>
  fc.oneof({ weight: 4, arbitrary: fc.constant("*") }, { weight: 1, arbitrary: field(min, max) });
const crons = fc.tuple(field(0, 59), field(0, 23), day(1, 28), day(1, 12), day(0, 6)).map((fields) => fields.join(" "));
const zones = fc.constantFrom(...Intl.supportedValuesOf("timeZone"));

describe("ticks of any cron in any zone", () => {
  test("after and atOrBefore agree, from every instant", () => {
    fc.assert(
      fc.property(crons, zones, fc.integer({ min: Date.UTC(2012, 0), max: Date.UTC(2035, 0) }), (text, zone, start) => {
        const ticks = ticksOf(text, zone);
        const at = nearChange(zone, start);
        const next = ticks.after(at) ?? Number.NaN;
        const last = ticks.atOrBefore(at) ?? Number.NaN;
        expect(next).toBeGreaterThan(at);
        expect(last).toBeLessThanOrEqual(at);
        expect(ticks.after(last)).toBe(next);
        expect(ticks.after(last - 1)).toBe(last);
        expect(ticks.atOrBefore(next)).toBe(next);
        expect(ticks.atOrBefore(next - 1)).toBe(last);
      }),
      tries(1_500),
    );
  });
});

/** Every second instant is moved to within hours of the zone's next change of offset, where mistakes live. */
function nearChange(zoneId: string, instant: number): number {
  const { offsetAt } = parseZone(zoneId);
  if (instant % 2 === 0) return instant;
  const step = 6 * 3_600_000;
  for (let at = instant, end = instant + 370 * 4 * step; at < end; at += step) {
    if (offsetAt(at) !== offsetAt(at + step)) return at + (instant % (2 * step)) - step / 2;
  }
  return instant;
}
