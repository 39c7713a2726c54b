import type { Cluster } from "../cluster.ts";
import type { FaultName } from "../faults.ts";
import type { ChaosRow, Place, RowEnd } from "../row.ts";
import { calmRun, type Pace, runTrial } from "../trial.ts";

const kinds: Readonly<Record<FaultName, { readonly row: number; readonly promise: string }>> = {
  "kill-scheduler": {
    row: 1,
    promise: "a scheduler that is killed at any moment leaves nothing behind that needs a human",
  },
  "kill-worker": { row: 4, promise: "what a killed worker ran is run again, once, and no try is used" },
  "kill-task": { row: 5, promise: "a killed task process is tried again" },
  "kill-api": { row: 7, promise: "an API server that is killed and comes back costs no task" },
  "kill-postgres": { row: 13, promise: "a PostgreSQL that crashes is started again, and everyone finds it" },
  "kill-all": { row: 10, promise: "after a power cut everything goes on by itself" },
  "lose-worker": { row: 61, promise: "a machine that does not come back holds nothing longer than its leases" },
  "freeze-worker": { row: 34, promise: "a worker that was frozen past its lease finds its attempts dead, not doubled" },
};

/** One blow at a random moment of a fan-out. */
export const fanOutRows: readonly ChaosRow[] = Object.entries(kinds).map(([name, { row, promise }]) => ({
  row,
  part: name,
  promise,
  proxies: false,
  run: (place) => strike(name as FaultName, place),
}));

async function strike(name: FaultName, place: Place): Promise<RowEnd> {
  const calmMs = await calmOf(place);
  // A run that was over before the fault proves nothing: it does not count, and must not be the rule.
  for (let tries = 0; tries < 6; tries += 1) {
    const trial = await runTrial(name, { ...place, calmMs });
    if (!trial) continue;
    const { hit, after, pace, end, stall, problems } = trial;
    const words = `${hit} after ${after.toFixed(2)} s of a ${pace} run; longest stall ${stall} s`;
    return { hit: words, recovery: end, problems };
  }
  throw new Error("each run was over before the fault");
}

const known = new WeakMap<Cluster, Readonly<Record<Pace, number>>>();

/** How long runs take on this cluster that nothing happens to. */
async function calmOf(place: Place): Promise<Readonly<Record<Pace, number>>> {
  const found = known.get(place.cluster);
  if (found) return found;
  // The first one starts the children: it says nothing of those that follow.
  await calmRun(place, "quick");
  const quick = await calmRun(place, "quick");
  const slow = await calmRun(place, "slow");
  const calm = { quick, slow, slowest: await calmRun(place, "slowest") };
  known.set(place.cluster, calm);
  return calm;
}
