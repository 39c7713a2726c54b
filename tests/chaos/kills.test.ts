import { expect, test } from "vitest";
import { runCampaign } from "./campaign.ts";
import { type FaultName, faults } from "./faults.ts";

/** `npm run chaos` does each of them 20 times. */
const times = 2;

test("whatever process is killed in a fan-out, the run succeeds, nothing is lost, doubled or at work twice, and nobody has to help", {
  timeout: 600_000,
}, async () => {
  const told: string[] = [];
  const reports = await runCampaign({
    rows: Object.keys(faults) as FaultName[],
    times,
    seed: Math.floor(Math.random() * 1_000_000),
    tell: (line) => told.push(line),
  });
  expect(
    reports.flatMap(({ problems }) => problems),
    told.join("\n"),
  ).toEqual([]);
  expect(reports.map(({ row, passed }) => ({ row, passed }))).toEqual(
    Object.keys(faults).map((row) => ({ row, passed: times })),
  );
});
