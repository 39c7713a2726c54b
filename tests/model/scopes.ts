import type { Scope } from "./world.ts";

const one: Scope = { instances: 1, schedulers: 2, workers: 2, attempts: 3, retries: 1, favours: 1, slots: 1 };
const pair: Scope = { ...one, instances: 2, workers: 1, attempts: 2, retries: 0 };

/** What every run of the tests searches: tens of thousands of states. */
export const small = {
  "one instance between two schedulers and two workers": one,
  "two instances in a row, one worker": pair,
} as const satisfies Readonly<Record<string, Scope>>;

/** What `npm run model` searches besides: minutes, and gigabytes of memory. */
export const large = {
  "one instance, cleared or marked twice": { ...one, favours: 2 },
  "two instances in a row, two workers": { ...pair, workers: 2 },
  "two instances in a row with a retry": { ...pair, retries: 1, favours: 0 },
} as const satisfies Readonly<Record<string, Scope>>;
