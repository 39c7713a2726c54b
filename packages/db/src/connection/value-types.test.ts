import pg from "pg";
import { expect, test } from "vitest";
import { valueTypes } from "./value-types.ts";

const timestamptz = 1184;

test.each([
  "2026-01-02 03:04:05.678+00",
  "2026-01-02 03:04:05.67+00",
  "2026-12-31 23:59:59.9+00",
  "1970-01-01 00:00:00+00",
  "1969-12-31 23:59:59.001+00",
  "2024-02-29 12:00:00.999+00",
  "0001-01-01 00:00:00+00",
  "0099-12-31 00:00:00.5+00",
  "0044-03-15 12:00:00+00 BC",
  "12345-01-02 03:04:05+00",
  "2026-01-02 03:04:05.678+02",
  "2026-01-02 03:04:05.123456+00",
])("the time %s is what the driver takes it for", (text) => {
  const own = valueTypes.getTypeParser(timestamptz, "text")(text);
  expect(own).toEqual(pg.types.getTypeParser(timestamptz, "text")(text));
  expect(own).toBeInstanceOf(Date);
});

test.each(["infinity", "-infinity"])("%s stays what the driver makes of it", (text) => {
  expect(valueTypes.getTypeParser(timestamptz, "text")(text)).toBe(pg.types.getTypeParser(timestamptz, "text")(text));
});
