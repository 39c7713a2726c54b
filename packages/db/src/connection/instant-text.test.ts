import { expect, test } from "vitest";
import { instantText } from "./statement-group.ts";

test.each([
  ["2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05.678Z"],
  ["+012345-01-02T03:04:05.678Z", "12345-01-02T03:04:05.678Z"],
  ["0000-12-31T00:00:00.000Z", "0001-12-31T00:00:00.000Z BC"],
  ["-000043-03-15T12:00:00.000Z", "0044-03-15T12:00:00.000Z BC"],
])("the instant %s is written as %s", (instant, text) => {
  expect(instantText(new Date(instant))).toBe(text);
});
