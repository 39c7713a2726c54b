import { startCluster } from "./cluster.ts";
import type { Counts } from "./counters.ts";
import { startDisturbing } from "./disturbances.ts";
import { heal } from "./healing.ts";
import { checkEnd } from "./invariants/check-end.ts";
import { type Plan, planOf } from "./plan.ts";
import { startUsers } from "./users.ts";
import { Violation } from "./violation.ts";
import { World } from "./world.ts";

export interface SeedResult {
  readonly seed: number;
  readonly hash: string;
  readonly steps: number;
  readonly virtualMs: number;
  readonly executions: number;
  readonly counts: Counts;
  /** Null when all held. */
  readonly failure: string | null;
  readonly invariant: number | null;
  readonly trace: readonly string[];
}

export interface SeedOptions {
  readonly without?: readonly string[];
  readonly keepsTrace?: boolean;
}

/** One world from its beginning to its rest. The same seed is the same world. */
export async function runSeed(
  seed: number,
  { without = [], keepsTrace = false }: SeedOptions = {},
): Promise<SeedResult> {
  const world = new World(planOf(seed, without), keepsTrace);
  const rejected: unknown[] = [];
  const notice = (error: unknown): void => void rejected.push(error);
  process.on("unhandledRejection", notice);
  // Errors are made by the thousand here, and nobody reads where.
  const { stackTraceLimit } = Error;
  if (!keepsTrace) Error.stackTraceLimit = 0;
  let failure: unknown = null;
  try {
    await live(world);
    await new Promise((resolve) => setImmediate(resolve));
    if (rejected.length > 0) throw new Violation(30, `a rejection that nobody handled: ${wordsOf(rejected[0])}`);
  } catch (error) {
    failure = error;
  } finally {
    process.off("unhandledRejection", notice);
    Error.stackTraceLimit = stackTraceLimit;
  }
  return {
    seed,
    hash: world.trace.hash.toString(16).padStart(8, "0"),
    steps: world.loop.steps,
    virtualMs: world.loop.now,
    executions: world.ledger.executions,
    counts: world.counts,
    failure: failure === null ? null : wordsOf(failure),
    invariant: failure instanceof Violation ? failure.invariant : null,
    trace: world.trace.lines,
  };
}

async function live(world: World): Promise<void> {
  const { plan, loop } = world;
  publishOverTime(world, plan);
  const cluster = startCluster(world);
  startUsers(world, cluster);
  startDisturbing(world, cluster);
  await loop.run(() => loop.now >= plan.troubledMs);
  await heal(world, cluster);
  checkEnd(world);
}

/** Authors save their files: the first version at once, later ones in between. */
function publishOverTime(world: World, { dags, rates, troubledMs }: Plan): void {
  for (const { dagId, versions } of dags) {
    const [first, ...later] = versions;
    if (first) world.files.set(dagId, first);
    if (rates["new-versions"] === 0) continue;
    for (const [at, version] of later.entries()) {
      const ms = (troubledMs * (at + 1)) / (later.length + 1);
      world.loop.after(ms, { owner: null, label: `${dagId}.ts is saved` }, () => void world.files.set(dagId, version));
    }
  }
}

const wordsOf = (error: unknown): string =>
  error instanceof Violation ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error);
