import type { World } from "../world.ts";
import { checkInstances } from "./check-instances.ts";
import { checkLimits } from "./check-limits.ts";
import { checkOutcomes } from "./check-outcomes.ts";
import { checkRuns } from "./check-runs.ts";

/** Everything that must hold after each commit, as far as this commit touched it. */
export function checkCommit(world: World, byUser: boolean): void {
  const { mirror } = world;
  const commit = mirror.takeCommit(byUser);
  if (!commit) return;
  try {
    checkInstances(mirror, commit);
    checkLimits(mirror, commit);
    checkRuns(mirror, commit);
    checkOutcomes(mirror, commit, world.plan.settings.maxLosses);
  } catch (error) {
    world.loop.fail(error);
  }
}
