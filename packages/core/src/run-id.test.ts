import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseRunId, runId } from "./run-id.ts";
import { runTypes } from "./states/dag-run-state.ts";

describe("runId", () => {
  test.each([
    ["scheduled", "2026-01-01T00:00:00Z", "scheduled__2026-01-01T00:00:00+00:00"],
    ["manual", "2026-01-01T01:00:00+01:00", "manual__2026-01-01T00:00:00+00:00"],
    ["backfill", "2026-12-31T23:59:59.120Z", "backfill__2026-12-31T23:59:59.120000+00:00"],
    ["asset_triggered", "2026-06-01T12:00:00Z", "asset_triggered__2026-06-01T12:00:00+00:00"],
  ] as const)("%s at %s is %s", (type, runAfter, expected) => {
    expect(runId(type, new Date(runAfter))).toBe(expected);
  });

  test("a random part tells runs of one instant apart", () => {
    expect(runId("manual", new Date(0), "k3Xq9aZb")).toBe("manual__1970-01-01T00:00:00+00:00_k3Xq9aZb");
  });

  test("every id made here is one a user may send back", () => {
    fc.assert(
      fc.property(fc.constantFrom(...runTypes), fc.date({ min: new Date(0), noInvalidDate: true }), (type, date) => {
        const id = runId(type, date);
        expect(parseRunId(id, type)).toBe(id);
      }),
    );
  });
});

describe("parseRunId", () => {
  test.each(["my-run", "2026.01.01", "release~1:2+3_x", "manual__mine", "scheduledish", "a".repeat(250)])(
    "%s is allowed",
    (id) => {
      expect(parseRunId(id)).toBe(id);
    },
  );

  test.each([
    ["", "not be empty"],
    ["two words", "letters, digits"],
    ["a/b", "letters, digits"],
    ["ünique", "letters, digits"],
    ["line\n", "letters, digits"],
    ["a".repeat(251), "it has 251 characters, at most 250"],
    ["scheduled__mine", "belong to scheduled runs"],
    ["backfill__x", "belong to backfill runs"],
    ["asset_triggered__x", "belong to asset_triggered runs"],
  ])("%j is refused: %s", (id, cause) => {
    expect(() => parseRunId(id)).toThrow(expect.objectContaining({ code: "RUN_ID_INVALID" }));
    expect(() => parseRunId(id)).toThrow(cause);
  });
});
