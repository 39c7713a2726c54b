import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { retryDelaySeconds } from "./retry-delay.ts";

const key = { dagId: "orders", taskId: "load", runId: "manual__1", mapIndex: -1 };
const spec = (retryDelaySeconds: number, retryBackoff: number, maxRetryDelaySeconds: number | null = null) => ({
  retryDelaySeconds,
  retryBackoff,
  maxRetryDelaySeconds,
});

describe("retryDelaySeconds", () => {
  it.each([0, 1])("is the delay as it is without backoff (%i), even above the caps", (backoff) => {
    expect(retryDelaySeconds(spec(300, backoff), key, 7)).toBe(300);
    expect(retryDelaySeconds(spec(200_000, backoff, 10), key, 1)).toBe(200_000);
    expect(retryDelaySeconds(spec(0, backoff), key, 1)).toBe(0);
  });

  it.each([
    [30, 2, 1, 30],
    [30, 2, 2, 60],
    [30, 2, 4, 240],
    [0.1, 2, 1, 1],
    [0, 2, 5, 1],
    [10, 1.5, 2, 15],
    [100, 0.5, 3, 25],
  ])(
    "with %d s and backoff %d lies on try %i in [least, twice least), least %d s",
    (...[delay, backoff, tryNumber, least]) => {
      const seconds = retryDelaySeconds(spec(delay, backoff), key, tryNumber);
      expect(seconds).toBeGreaterThanOrEqual(least);
      expect(seconds).toBeLessThan(2 * least);
    },
  );

  it("is at most a day, then at most the task's own maximum", () => {
    expect(retryDelaySeconds(spec(300, 2), key, 30)).toBe(86_400);
    expect(retryDelaySeconds(spec(300, 10), key, 2_000)).toBe(86_400);
    expect(retryDelaySeconds(spec(0, 10), key, 2_000)).toBe(1);
    expect(retryDelaySeconds(spec(300, 2, 600), key, 30)).toBe(600);
    expect(retryDelaySeconds(spec(300, 2, 0), key, 3)).toBe(0);
  });

  it("is always the same for one instance and try, and spreads over instances", () => {
    const task = spec(1_000, 2);
    expect(retryDelaySeconds(task, key, 2)).toBe(retryDelaySeconds(task, { ...key }, 2));
    const delays = Array.from({ length: 1_000 }, (_, mapIndex) => retryDelaySeconds(task, { ...key, mapIndex }, 2));
    expect(new Set(delays).size).toBeGreaterThan(700);
    const mean = delays.reduce((sum, delay) => sum + delay, 0) / delays.length;
    expect(Math.abs(mean - 3_000)).toBeLessThan(100);
  });

  it("is a finite number within its bounds for any task and try", () => {
    const anything = fc.tuple(
      fc.double({ min: 0, max: 1e6, noNaN: true }),
      fc.double({ min: 0, max: 50, noNaN: true }),
      fc.option(fc.double({ min: 0, max: 1e6, noNaN: true })),
      fc.integer({ min: 1, max: 5_000 }),
      fc.string(),
    );
    fc.assert(
      fc.property(anything, ([delay, backoff, most, tryNumber, taskId]) => {
        const seconds = retryDelaySeconds(spec(delay, backoff, most), { ...key, taskId }, tryNumber);
        expect(seconds).toBeGreaterThanOrEqual(0);
        expect(seconds).toBeLessThanOrEqual(backoff === 0 || backoff === 1 ? delay : Math.min(86_400, most ?? 86_400));
      }),
    );
  });
});
