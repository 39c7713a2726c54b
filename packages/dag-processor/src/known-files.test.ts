import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startRound, type Unsettled } from "./known-files.ts";

test("a file is settled when its time is past, or when it stayed the same for as long by our clock", () => {
  const folder = mkdtempSync(join(tmpdir(), "airloom-rounds-"));
  try {
    const path = join(folder, "a.ts");
    const unsettled: Unsettled = new Map();
    const round = (now: number) => startRound(unsettled, 100, now).isSettled(path);
    writeFileSync(path, "x");
    utimesSync(path, 1_000, 1_000);
    expect(round(1_000_050)).toBe(false);
    expect(round(1_000_100)).toBe(true);
    // The file's clock is ahead of ours.
    utimesSync(path, 9_000, 9_000);
    expect([round(1_000_200), round(1_000_250), round(1_000_300)]).toEqual([false, false, true]);
    writeFileSync(path, "xy");
    utimesSync(path, 9_000, 9_000);
    expect(round(1_000_350)).toBe(false);
    rmSync(path);
    expect(round(1_000_360)).toBe(true);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
