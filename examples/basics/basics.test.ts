import { describe, expect, it } from "vitest";
import { parseOrders } from "./dags/failing.ts";
import { greet } from "./dags/hello.ts";
import { measurementsBetween } from "./dags/incremental.ts";
import { split, sumOfPart } from "./dags/mapping.ts";
import { listOrders } from "./dags/params.ts";
import { callService } from "./dags/retries.ts";

/** What a task does is a plain function, `.fn`: it is tested like any other, without Airloom. */
describe("the functions of the basic examples", () => {
  it("greets each name", async () => {
    expect(await greet.fn(["Ada", "Grace"], "Hello")).toEqual(["Hello, Ada!", "Hello, Grace!"]);
  });

  it("splits a range into parts that together are the whole range", async () => {
    for (const [upTo, parts] of [
      [1_000, 4],
      [10, 3],
      [3, 100],
      [1, 1],
    ] as const) {
      const sums = await Promise.all((await split.fn(upTo, parts)).map((part) => sumOfPart.fn(part)));
      expect(sums.reduce((a, b) => a + b, 0)).toBe((upTo * (upTo + 1)) / 2);
    }
  });

  it("measures each hour of an interval once, the same however often it is asked", () => {
    const day = [new Date("2026-01-14T00:00Z"), new Date("2026-01-15T00:00Z")] as const;
    const hours = measurementsBetween(...day);
    expect(hours).toHaveLength(24);
    expect(hours.every(({ at }) => at >= day[0] && at < day[1])).toBe(true);
    expect(measurementsBetween(...day)).toEqual(hours);
  });

  it("keeps the cause of an answer that is not JSON", () => {
    expect(() => parseOrders("<html>")).toThrow(
      expect.objectContaining({ message: "the answer of the shop is not JSON", cause: expect.any(SyntaxError) }),
    );
  });

  it("answers at the third try", () => {
    expect(() => callService(2)).toThrow("not there yet");
    expect(callService(3)).toBe("answered at try 3");
  });

  it("needs the context of an attempt where a function asks for it", () => {
    expect(() => listOrders.fn("eu", 1, new Date(0))).toThrow("outside a task's function");
  });
});
