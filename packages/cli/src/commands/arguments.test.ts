import { describe, expect, it } from "vitest";
import { instant, jsonObject, jsonValue, pattern, wholeNumber } from "./arguments.ts";

describe("Arguments", () => {
  it.each([
    ["2026-01-02", "2026-01-02T00:00:00.000Z"],
    ["2026-01-02T03:04", "2026-01-02T03:04:00.000Z"],
    ["2026-01-02 03:04:05", "2026-01-02T03:04:05.000Z"],
    ["2026-01-02T03:04:05+02:00", "2026-01-02T01:04:05.000Z"],
    ["2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05.678Z"],
  ])("reads the instant %s as UTC unless it says otherwise", (text, iso) => {
    expect(instant(text)).toBe(iso);
  });

  it.each(["yesterday", "02.01.2026", "2026-13-01", "2026", ""])("refuses %j as an instant", (text) => {
    expect(() => instant(text)).toThrow("A date is needed");
  });

  it("refuses a file that does not end", () => {
    expect(() => jsonValue("@/dev/zero")).toThrow("/dev/zero is larger than 64 MiB");
  });

  it("reads whole numbers from a least one on", () => {
    expect(wholeNumber(-1)("-1")).toBe(-1);
    expect(() => wholeNumber(0)("-1")).toThrow("At least 0");
    for (const text of ["1.5", "1e3", "ten", "", "99999999999999999999"]) expect(() => wholeNumber(0)(text)).toThrow();
  });

  it("reads JSON, and objects where they are needed", () => {
    expect(jsonValue("[1]")).toEqual([1]);
    expect(jsonObject('{"a":{"b":1}}')).toEqual({ a: { b: 1 } });
    for (const text of ["[1]", "null", "3", '"text"']) expect(() => jsonObject(text)).toThrow("must be a JSON object");
    expect(() => jsonObject("{a:1}")).toThrow("It is not JSON");
  });

  it("refuses what is no regular expression", () => {
    expect(pattern("^a.*").test("abc")).toBe(true);
    expect(() => pattern("(")).toThrow("not a regular expression");
  });
});
