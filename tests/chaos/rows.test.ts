import { expect, test } from "vitest";
import { runCampaign } from "./campaign.ts";
import type { Repetition } from "./report.ts";
import { rowName } from "./row.ts";
import { rows } from "./table.ts";
import { untriedRows } from "./untried-rows.ts";

/** Short ones of different kinds; `npm run chaos -- --all` does the rest. */
const chosen = ["3", "14", "62 long"];

test("tasks run on without a scheduler, a lost answer to COMMIT does nothing twice, a partition past the lease lets nothing overlap", {
  timeout: 600_000,
}, async () => {
  const seed = Math.floor(Math.random() * 1_000_000);
  const done: Repetition[] = [];
  const tasks = rows.filter((row) => chosen.includes(rowName(row))).map((row) => ({ row, seed }));
  await runCampaign({ tasks, done: (_, repetition) => done.push(repetition) });
  expect(done.filter(({ outcome }) => outcome === "failed")).toEqual([]);
  expect(done.length).toBe(chosen.length);
});

test("every row of the failure catalogue is tried here, or says why not", () => {
  const known = new Set([...rows, ...untriedRows].map(({ row }) => row));
  expect(Array.from({ length: 70 }, (_, index) => index + 1).filter((row) => !known.has(row))).toEqual([]);
  const names = rows.map(rowName);
  expect(new Set(names).size).toBe(names.length);
});
