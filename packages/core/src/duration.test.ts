import fc from "fast-check";
import { expect, test } from "vitest";
import { type Duration, formatDuration, parseDuration } from "./duration.ts";

test.each<[Duration, number]>([
  [0, 0],
  [90, 90],
  [1.5, 1.5],
  ["30s", 30],
  ["500ms", 0.5],
  ["5m", 300],
  ["1h30m", 5400],
  ["1h 30m", 5400],
  [" 2d ", 172_800],
  ["1.5h", 5400],
  ["1w", 604_800],
  ["PT5M", 300],
  ["P1DT12H", 129_600],
  ["P2W", 1_209_600],
  ["PT0.25S", 0.25],
  ["pt5m", 300],
])("%j is %d seconds", (value, seconds) => {
  expect(parseDuration(value)).toBe(seconds);
});

test.each<[Duration]>([
  [-1],
  [Number.NaN],
  [Number.POSITIVE_INFINITY],
  [""],
  ["5"],
  ["5 minutes"],
  ["m5"],
  ["-5m"],
  ["5m!"],
  ["P"],
  ["PT"],
  ["P1M"],
  ["P1Y"],
  ["1e3s"],
])("%j is refused", (value) => {
  expect(() => parseDuration(value)).toThrow(expect.objectContaining({ code: "DURATION_INVALID", status: 422 }));
});

test("the error names the value", () => {
  expect(() => parseDuration("5 minutes")).toThrow('"5 minutes" is not a length of time.');
});

test.each([
  [0, "0s"],
  [0.5, "500ms"],
  [90, "1m30s"],
  [5400, "1h30m"],
  [86_400, "1d"],
  [90_061.001, "1d1h1m1s1ms"],
])("%d seconds are written %s", (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
});

test("what is written is read back", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e12 }), (milliseconds) => {
      expect(parseDuration(formatDuration(milliseconds / 1000))).toBe(milliseconds / 1000);
    }),
  );
});
