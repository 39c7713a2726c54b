import { describe, expect, it } from "vitest";
import { logText, recordText } from "./log-text.ts";

const plain = (text: string): string => text;

describe("log lines for people", () => {
  it("show the fields of a record after its words", () => {
    const line = {
      timestamp: "2026-01-01T10:00:00Z",
      level: "info",
      event: "stored",
      logger: "task",
      rows: 3,
      by: "me",
    };
    expect(logText(line, plain)).toMatch(/^\S+ stored rows=3 by="me"$/);
  });

  it("show them for a task that runs here, too", () => {
    const record = { seq: 0, ts: 0, level: "warn", source: "task", msg: "slow", fields: { ms: 12 } } as const;
    expect(recordText("load", record, plain)).toMatch(/ load \| WARN slow ms=12$/);
  });
});
