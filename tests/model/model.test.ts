import { expect, test } from "vitest";
import { small } from "./scopes.ts";
import { search } from "./search.ts";
import { taskInstanceModel } from "./task-instance-model.ts";
import type { Fence, Scope } from "./world.ts";

test.each(Object.entries(small))("%s: every state is lawful, and from each the end can be reached", (_name, scope) => {
  const found = search(taskInstanceModel(scope));
  expect(found.findings).toEqual([]);
  expect(found.done).toBeGreaterThan(0);
  expect(found.states).toBeGreaterThan(10_000);
  console.log(`${found.states} states, ${found.steps} steps, ${found.cut} at the bound, depth ${found.deepest}`);
});

const one = small["one instance between two schedulers and two workers"];
const pair = small["two instances in a row, one worker"];

const needed: readonly (readonly [readonly Fence[], Scope])[] = [
  [["state of the move"], one],
  // Each of the two alone is enough; the lease that is looked at again could be another attempt's.
  [["attempt of the move", "lease is still over at the write"], one],
  [["lease is over", "lease is still over at the write"], one],
  [["attempt of the finish"], one],
  [["slots counted at the move"], { ...pair, workers: 2 }],
  [["worker ends before its lease"], one],
];

test.each(needed)("without the fence %j the search finds what it is for", (without, scope) => {
  const [first] = search(taskInstanceModel({ ...scope, without }), { findings: 1 }).findings;
  expect(first?.what).toBeDefined();
  expect(first?.path.length).toBeGreaterThan(0);
});
