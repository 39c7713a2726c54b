import { expect, test } from "vitest";
import { runSeed, runSeeds } from "../src/sim/index.ts";

const seeds = 150;

test(`${seeds} simulated worlds keep every invariant, and come to rest once nothing goes wrong any more`, async () => {
  const { failures, executions } = await runSeeds({ from: 1_000_001, seeds });
  expect(failures).toEqual([]);
  expect(executions).toBeGreaterThan(seeds);
});

test("the same seed is the same world, another one is not", async () => {
  const [first, again, other] = [await runSeed(7), await runSeed(7), await runSeed(8)];
  expect(again.hash).toBe(first.hash);
  expect(again.steps).toBe(first.steps);
  expect(other.hash).not.toBe(first.hash);
});

test("what is left out of a seed does not happen in it", async () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const { counts } = await runSeed(seed, { without: ["crashes", "lost-replies", "partitions"] });
    expect(counts["process crashed at the commit"]).toBe(0);
    expect(counts["reply lost"]).toBe(0);
  }
});
