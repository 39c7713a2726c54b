import { countCommit } from "../count-commit.ts";
import type { Commit } from "../mirror.ts";
import { Violation } from "../violation.ts";
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
  tell(world, commit);
  countCommit(world, commit);
  try {
    // The store's own failures set nothing aside, and nothing else may fail here.
    if (mirror.quarantined !== null) throw new Violation(30, `a run was set aside: ${mirror.quarantined}`);
    checkInstances(mirror, commit);
    checkLimits(mirror, commit);
    checkRuns(mirror, commit);
    checkOutcomes(world, commit);
  } catch (error) {
    world.loop.fail(error);
  }
}

/** Moves are part of the trace: two worlds that differ in one are not the same. */
function tell(world: World, { instances, runs, byUser }: Commit): void {
  const who = byUser ? " by a user" : "";
  for (const { before, after } of runs)
    if (after && after.state !== before?.state)
      world.note(
        `  run ${after.id} of ${after.dagId} (${after.runId}): ${before?.state ?? "new"} -> ${after.state}${who}`,
      );
  for (const { before, after } of instances) {
    if (!after || after.state === (before?.state ?? "none")) continue;
    const name = `${after.taskId}[${after.mapIndex}] of run ${after.runKey}`;
    const why = after.code === null ? "" : ` (${after.code})`;
    world.note(
      `  ${name}: ${before?.state ?? "new"} -> ${after.state}${why} attempt ${after.attempt} try ${after.tryNumber}${who}`,
    );
  }
}
