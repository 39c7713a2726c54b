import { describe, expect, it } from "vitest";
import { momentText, secondsText } from "./moment.ts";

describe("Times for people", () => {
  it("shows instants to the second", () => {
    expect(momentText("2026-01-02T03:04:05.678Z")).toBe("2026-01-02T03:04:05Z");
    expect(momentText("2026-01-02T03:04:05+02:00")).toBe("2026-01-02T01:04:05Z");
    expect(momentText(null)).toBe("-");
    expect(momentText("soon")).toBe("soon");
  });

  it.each([
    [0, "0.00 s"],
    [9.994, "9.99 s"],
    [12.4, "12 s"],
    [59.6, "1 m 00 s"],
    [185, "3 m 05 s"],
    [7_620, "2 h 07 m"],
    [null, "-"],
  ])("shows %s seconds as %s", (seconds, text) => {
    expect(secondsText(seconds)).toBe(text);
  });
});
