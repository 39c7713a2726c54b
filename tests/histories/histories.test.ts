import { expect, test } from "vitest";
import { judge } from "./judge.ts";
import { liveHistory } from "./run-history.ts";

/** `npm run histories` takes as long as it is told. */
const seconds = 12;

test("whatever comes between the moves of many connections, none is lost, doubled or illegal, and every run ends", async () => {
  const seed = Math.floor(Math.random() * 1_000_000);
  const told: string[] = [`npm run histories -- --seed ${seed} --seconds ${seconds}`];
  const lived = await liveHistory({ seed, seconds, connections: 48, tell: (line) => told.push(line) });
  try {
    const { anomalies, counts } = await judge(lived);
    expect(anomalies, told.join("\n")).toEqual([]);
    // A tame history proves nothing.
    expect(counts.broken, JSON.stringify(counts)).toBeGreaterThan(0);
    expect(counts["to running"], JSON.stringify(counts)).toBeGreaterThan(20);
  } finally {
    await lived.drop();
  }
});
