import { planOf, troubles } from "./plan.ts";
import { runSeed } from "./run-seed.ts";

/** What a failing seed can do without: found by leaving out one part after another while it still fails. */
export async function shrink(
  seed: number,
  without: readonly string[],
  say: (line: string) => void,
): Promise<readonly string[]> {
  const first = await runSeed(seed, { without });
  if (first.failure === null) return without;
  const dags = planOf(seed).dags.map((_, at) => `dag-${at + 1}`);
  let kept = without;
  for (const part of [...troubles, ...dags, "one-worker", "one-scheduler", "one-api"]) {
    if (kept.includes(part) || dags.every((dag) => dag === part || kept.includes(dag))) continue;
    const tried = [...kept, part];
    const { failure, invariant, steps } = await runSeed(seed, { without: tried });
    // Another failure is another story.
    if (failure === null || invariant !== first.invariant) continue;
    kept = tried;
    say(`still fails without ${part}: ${steps} steps`);
  }
  return kept;
}
