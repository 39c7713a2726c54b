import { tries } from "@airloom/testkit/properties";
import fc from "fast-check";
import { Temporal } from "temporal-polyfill";
import { describe, expect, test } from "vitest";
import { parseZone } from "./zone.ts";

const zoneIds = fc.constantFrom(...Intl.supportedValuesOf("timeZone"));
const instants = fc.integer({ min: Date.UTC(1995, 0, 1), max: Date.UTC(2060, 0, 1) });

describe("parseZone", () => {
  test("offsets are those of the time zone database, in every zone", () => {
    fc.assert(
      fc.property(zoneIds, instants, (id, instant) => {
        const zoned = Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(id);
        expect(parseZone(id).offsetAt(instant)).toBe(zoned.offsetNanoseconds / 1_000_000);
      }),
      tries(500),
    );
  });

  test("local times become instants as Temporal's `later` makes them, in every zone", () => {
    fc.assert(
      fc.property(zoneIds, instants, fc.integer({ min: -200, max: 200 }), (id, near, minutes) => {
        // Mistakes live around changes of offset, so aim there when the zone has one.
        const start = Temporal.Instant.fromEpochMilliseconds(near).toZonedDateTimeISO(id);
        const change = start.getTimeZoneTransition("next");
        const local = (change ?? start).toPlainDateTime().add({ minutes }).round("minute");
        const asUtc = local.toZonedDateTime("UTC").epochMilliseconds;
        const expected = local.toZonedDateTime(id, { disambiguation: "later" }).epochMilliseconds;
        expect(parseZone(id).instantAt(asUtc)).toBe(expected);
      }),
      tries(500),
    );
  });

  test("the change of offset is found to the second", () => {
    const paris = parseZone("Europe/Paris");
    const change = Date.UTC(2026, 2, 29, 1);
    expect(paris.offsetAt(change - 1)).toBe(3_600_000);
    expect(paris.offsetAt(change)).toBe(7_200_000);
  });

  test("fixed offsets are zones too", () => {
    expect(parseZone("+05:30").localAt(0)).toBe(19_800_000);
  });

  test.each(["Europe/Atlantis", "", "GMT+25:00"])("the zone %j is refused by name", (id) => {
    expect(() => parseZone(id)).toThrow(expect.objectContaining({ code: "TIMETABLE_INVALID" }));
    expect(() => parseZone(id)).toThrow(`"${id}" is not a time zone`);
  });
});
