import { expect, test } from "vitest";
import { runCampaign } from "./campaign.ts";
import { chanceOf } from "./chance.ts";
import { type Planned, planOf } from "./plan.ts";

/** `npm run failpoints` tries all of them. */
const trials = 4;

test("a process that crashes, fails, waits or loses a reply at a failpoint leaves nothing lost, doubled or stuck, and nobody has to help", {
  timeout: 300_000,
}, async () => {
  const seed = Number(process.env.FAILPOINTS_SEED ?? Date.now() % 1_000_000);
  const chance = chanceOf(seed);
  const planned = some(planOf({ points: [], actions: [] }), chance);
  const told = [`seed ${seed}; again: FAILPOINTS_SEED=${seed} npx vitest run --project system tests/failpoints`];
  const done = await runCampaign({ planned, times: 1, chance, tell: (line) => told.push(line) });
  expect(
    done.filter(({ problems }) => problems.length > 0),
    told.join("\n"),
  ).toEqual([]);
  expect(done).toHaveLength(trials);
});

function some(all: readonly Planned[], chance: () => number): readonly Planned[] {
  const left = [...all];
  return Array.from({ length: trials }, () => left.splice(Math.floor(chance() * left.length), 1)).flat();
}
