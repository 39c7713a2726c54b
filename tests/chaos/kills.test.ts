import { expect, test } from "vitest";
import { runCampaign } from "./campaign.ts";
import type { Repetition } from "./report.ts";
import { fanOutRows } from "./rows/fan-out-rows.ts";

/** `npm run chaos` does each of them 20 times. */
const times = 1;

test("whatever process is killed in a fan-out, the run succeeds, nothing is lost, doubled or at work twice, and nobody has to help", {
  timeout: 600_000,
}, async () => {
  const seed = Math.floor(Math.random() * 1_000_000);
  const done: Repetition[] = [];
  const tasks = fanOutRows.flatMap((row) => Array.from({ length: times }, (_, index) => ({ row, seed: seed + index })));
  await runCampaign({ tasks, done: (_, repetition) => done.push(repetition) });
  expect(done.filter(({ outcome }) => outcome === "failed")).toEqual([]);
  expect(done.length).toBe(tasks.length);
});
