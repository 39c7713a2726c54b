import { Violation } from "../violation.ts";
import type { World } from "../world.ts";

/** From here on whatever the trouble had left over must have been swept up, virtual ms. */
const sweptAfterMs = 20_000;
/** An executor repeats its offers every five seconds, and an idle worker asks again and again. */
const offerMs = 15_000;

/** Invariants 9 and 11, which hold only while nothing goes wrong. */
export function checkHealing(world: World, healedMs: number): void {
  if (healedMs < sweptAfterMs) return;
  const { mirror, plan } = world;
  const now = world.databaseTime();
  const latestMs = plan.settings.graceMs + 2 * plan.knobs.rescueMs + 5_000;
  for (const { id, state, leaseUntil, queuedAt, executor, queue } of mirror.instances.values()) {
    if (leaseUntil && leaseUntil.getTime() < now - latestMs)
      throw new Violation(9, `the lease of ${id} (${state}) has been over for ${now - leaseUntil.getTime()} ms`);
    if (state !== "queued" || !queuedAt || queuedAt.getTime() > now - offerMs) continue;
    const idle = [...mirror.workers.values()].find(
      (worker) =>
        worker.executor === executor &&
        worker.queues.includes(queue) &&
        world.livePids.has(worker.pid) &&
        heldBy(world, worker.workerId) < worker.slots,
    );
    if (idle)
      throw new Violation(11, `${id} has been queued for ${now - queuedAt.getTime()} ms beside ${idle.workerId}`);
  }
}

function heldBy({ mirror }: World, workerId: string): number {
  let held = 0;
  for (const row of mirror.instances.values()) held += row.workerId === workerId ? 1 : 0;
  return held;
}
