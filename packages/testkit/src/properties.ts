/**
 * How far a property is tried: `npm run properties -- --scale 50` multiplies every number of runs, and `--seed` repeats a run.
 * A plain run of the tests takes each number as it stands, and chance from the clock.
 */
const scale = Number(process.env.AIRLOOM_TEST_SCALE ?? 1);

/** Where chance starts from: said in every failure. */
export const seed = Number(process.env.AIRLOOM_TEST_SEED ?? Date.now() % 1_000_000_000);

/** A number of runs at the scale of this run. @example fc.assert(property, tries(500)) */
export const tries = (numRuns: number): { readonly numRuns: number; readonly seed: number } => ({
  numRuns: scaled(numRuns),
  seed,
});

/** A number of anything else at the scale of this run. */
export const scaled = (count: number): number => Math.ceil(count * scale);
