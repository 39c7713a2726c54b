import { tries } from "@airloom/testkit/properties";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bestOf } from "../../test/best-of.ts";
import { parseCron } from "./cron-expression.ts";

const midJanuary = Date.UTC(2026, 0, 15, 10, 30);

function firstMatches(text: string, count: number, from = midJanuary): string[] {
  const cron = parseCron(text);
  const found: string[] = [];
  for (let at = cron.after(from); at !== null && found.length < count; at = cron.after(at)) {
    found.push(new Date(at).toISOString().slice(0, 16));
  }
  return found;
}

describe("parseCron", () => {
  // From Thursday 15 January 2026, 10:30.
  test.each([
    ["* * * * *", ["2026-01-15T10:31", "2026-01-15T10:32"]],
    ["30 10 * * *", ["2026-01-16T10:30", "2026-01-17T10:30"]],
    ["*/15 * * * *", ["2026-01-15T10:45", "2026-01-15T11:00"]],
    ["5/15 * * * *", ["2026-01-15T10:35", "2026-01-15T10:50", "2026-01-15T11:05"]],
    ["5-59/15 * * * *", ["2026-01-15T10:35", "2026-01-15T10:50", "2026-01-15T11:05"]],
    ["0 20/2 * * *", ["2026-01-15T20:00", "2026-01-15T22:00", "2026-01-16T20:00"]],
    ["0 0 * * MON", ["2026-01-19T00:00", "2026-01-26T00:00"]],
    ["0 0 * * mon,Wed", ["2026-01-19T00:00", "2026-01-21T00:00"]],
    ["0 0 * * 0", ["2026-01-18T00:00", "2026-01-25T00:00"]],
    ["0 0 * * 7", ["2026-01-18T00:00", "2026-01-25T00:00"]],
    ["0 0 * * 5-7", ["2026-01-16T00:00", "2026-01-17T00:00", "2026-01-18T00:00", "2026-01-23T00:00"]],
    ["0 0 * * 1/2", ["2026-01-16T00:00", "2026-01-19T00:00", "2026-01-21T00:00"]],
    ["0 0 * * FRI-MON", ["2026-01-16T00:00", "2026-01-17T00:00", "2026-01-18T00:00", "2026-01-19T00:00"]],
    ["0 22-1 * * *", ["2026-01-15T22:00", "2026-01-15T23:00", "2026-01-16T00:00", "2026-01-16T01:00"]],
    ["0 0 1 NOV-FEB *", ["2026-02-01T00:00", "2026-11-01T00:00", "2026-12-01T00:00", "2027-01-01T00:00"]],
    ["0 0 ? * ?", ["2026-01-16T00:00", "2026-01-17T00:00"]],
    ["0 0 L * *", ["2026-01-31T00:00", "2026-02-28T00:00"]],
    ["0 0 1,L * *", ["2026-01-31T00:00", "2026-02-01T00:00", "2026-02-28T00:00"]],
    ["0 0 LW * *", ["2026-01-30T00:00", "2026-02-27T00:00"]],
    ["0 0 15W * *", ["2026-02-16T00:00", "2026-03-16T00:00", "2026-04-15T00:00"]],
    ["0 0 * * FRI#2", ["2026-02-13T00:00", "2026-03-13T00:00"]],
    ["0 0 * * 5#5", ["2026-01-30T00:00", "2026-05-29T00:00"]],
    ["0 0 * * L5", ["2026-01-30T00:00", "2026-02-27T00:00"]],
    ["0 0 * * 5L", ["2026-01-30T00:00", "2026-02-27T00:00"]],
    ["0 0 * * FRIL", ["2026-01-30T00:00", "2026-02-27T00:00"]],
    ["0 0 * * 1,5#3", ["2026-01-16T00:00", "2026-01-19T00:00", "2026-01-26T00:00"]],
    ["0 0 29 2 *", ["2028-02-29T00:00", "2032-02-29T00:00"]],
    ["  0   6 * * *  ", ["2026-01-16T06:00"]],
  ])("%s fires at its times", (text, expected) => {
    expect(firstMatches(text, expected.length)).toEqual(expected);
  });

  test.each([
    ["@hourly", "0 * * * *"],
    ["@daily", "0 0 * * *"],
    ["@midnight", "0 0 * * *"],
    ["@weekly", "0 0 * * 0"],
    ["@monthly", "0 0 1 * *"],
    ["@quarterly", "0 0 1 1,4,7,10 *"],
    ["@yearly", "0 0 1 1 *"],
    ["@annually", "0 0 1 1 *"],
  ])("the preset %s is %s", (preset, plain) => {
    expect(firstMatches(preset, 5)).toEqual(firstMatches(plain, 5));
  });

  test("day of month and day of week both restricted mean either", () => {
    expect(firstMatches("0 0 20 * MON", 3)).toEqual(["2026-01-19T00:00", "2026-01-20T00:00", "2026-01-26T00:00"]);
    expect(firstMatches("0 0 L * FRI#4", 3)).toEqual(["2026-01-23T00:00", "2026-01-31T00:00", "2026-02-27T00:00"]);
  });

  test("a star leaves the choice to the other day field, a list of all days does not", () => {
    expect(firstMatches("0 0 * * MON", 2)).toEqual(["2026-01-19T00:00", "2026-01-26T00:00"]);
    expect(firstMatches("0 0 1-31 * MON", 2)).toEqual(["2026-01-16T00:00", "2026-01-17T00:00"]);
    expect(firstMatches("0 0 5 * 0-7", 2)).toEqual(["2026-01-16T00:00", "2026-01-17T00:00"]);
    expect(firstMatches("0 0 1-31 * */3", 2)).toEqual(["2026-01-17T00:00", "2026-01-18T00:00"]);
  });

  test("a match is strictly after, or at or before, to the millisecond", () => {
    const cron = parseCron("0 6 * * *");
    const six = Date.UTC(2026, 0, 15, 6);
    const day = 86_400_000;
    expect(cron.after(six - 1)).toBe(six);
    expect(cron.after(six)).toBe(six + day);
    expect(cron.atOrBefore(six)).toBe(six);
    expect(cron.atOrBefore(six - 1)).toBe(six - day);
    expect(cron.atOrBefore(six + 1)).toBe(six);
  });

  test.each(["0 0 31 2 *", "0 0 30,31 FEB *", "0 0 31 4,6,9,11 *"])("%s never fires, and says so at once", (text) => {
    const cron = parseCron(text);
    const askOften = () => {
      for (let repeat = 0; repeat < 1000; repeat += 1) {
        expect(cron.after(midJanuary)).toBeNull();
        expect(cron.atOrBefore(midJanuary)).toBeNull();
      }
    };
    // A search through the years would take seconds.
    expect(bestOf(askOften)).toBeLessThan(500);
  });

  test.each([
    ["", "it is empty"],
    ["* * * *", "it has 4 fields, not five"],
    ["0 0 6 * * *", "it has 6 fields, not five; for seconds use an interval"],
    ["0 0 6 * * * 2026", "it has 7 fields"],
    ["daily", "it has 1 field, not five"],
    ["@dayly", "there is no such preset; there are @hourly, @daily"],
    ["60 * * * *", '"60" is not a valid minute: 60 is not between 0 and 59'],
    ["* 24 * * *", '"24" is not a valid hour'],
    ["* * 0 * *", '"0" is not a valid day of month: 0 is not between 1 and 31'],
    ["* * 32 * *", '"32" is not a valid day of month'],
    ["* * * 13 *", '"13" is not a valid month'],
    ["* * * FOO *", '"FOO" is not a valid month: "FOO" is not understood'],
    ["* * * * 8", '"8" is not a valid day of week: 8 is not between 0 and 7'],
    ["* * * * MON#6", '"MON#6" is not a valid day of week'],
    ["* * * * 9#2", '"9#2" is not a valid day of week'],
    ["* * 32W * *", '"32W" is not a valid day of month'],
    ["* * L-3 * *", '"L-3" is not a valid day of month'],
    ["*/0 * * * *", "a step is between 1 and 60"],
    ["*/90 * * * *", "a step is between 1 and 60"],
    ["1,,2 * * * *", "an item of the list is empty"],
    ["1- * * * *", '"1-" is not understood'],
    ["1-2-3 * * * *", '"1-2-3" is not understood'],
    ["-5 * * * *", '"-5" is not understood'],
    ["5/ * * * *", '"5/" is not understood'],
    ["5.5 * * * *", '"5.5" is not understood'],
    ["? * * * *", '"?" is not understood'],
    ["* * * * +5", '"+5" is not understood'],
    ["H * * * *", '"H" is not understood'],
  ])("%j is refused with its cause", (text, cause) => {
    expect(() => parseCron(text)).toThrow(expect.objectContaining({ code: "TIMETABLE_INVALID", status: 422 }));
    expect(() => parseCron(text)).toThrow(cause);
    expect(() => parseCron(text)).toThrow(`"${text}"`);
  });

  test("whatever is written, the answer is a schedule or an error of the catalogue", () => {
    const token = fc.stringMatching(/^[0-9A-Za-z*?/,#LW-]{1,6}$/);
    fc.assert(
      fc.property(fc.array(token, { minLength: 1, maxLength: 6 }), (fields) => {
        try {
          const next = parseCron(fields.join(" ")).after(midJanuary);
          expect(next === null || next > midJanuary).toBe(true);
        } catch (error) {
          expect(error).toMatchObject({ name: "AirloomError", code: "TIMETABLE_INVALID" });
        }
      }),
      tries(500),
    );
  });
});
