import { scaled, seed } from "@airloom/testkit/properties";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Change, changesOf, cronText, type Fields, firesAround } from "../../test/cron-oracle.ts";
import { parseCron } from "./cron-expression.ts";
import { cronTicks, type Ticks } from "./ticks.ts";
import { parseZone } from "./zone.ts";

/**
 * All zones and all their changes of offset from 1970 to 2100, beside an oracle that shares no code. `npm run properties` goes
 * through every zone; a run of the tests takes a few, others each time.
 */
const day = 86_400_000;
const first = Date.UTC(1970, 0, 10);
const end = Date.UTC(2100, 0, 1);
const expressionsPerChange = Math.min(4, scaled(2));

const allZones = Intl.supportedValuesOf("timeZone");
const zones = fc.sample(fc.shuffledSubarray(allZones, { minLength: allZones.length }), { numRuns: 1, seed })[0] ?? [];
const chosen = zones.slice(0, scaled(12));

const someOf = (min: number, max: number, most: number): fc.Arbitrary<ReadonlySet<number>> =>
  fc
    .uniqueArray(fc.integer({ min, max }), { minLength: 1, maxLength: most })
    .map((found) => new Set(found.sort((a, b) => a - b)));
const everyHour: ReadonlySet<number> = new Set(Array.from({ length: 24 }, (_, index) => index));

/** What people write, mostly about the hours in which clocks change. */
const someFields: fc.Arbitrary<Fields> = fc.record({
  minutes: fc.oneof(fc.constant(new Set([0])), fc.constant(new Set([0, 15, 30, 45])), someOf(0, 59, 3)),
  hours: fc.oneof(fc.constant(everyHour), someOf(0, 4, 3), someOf(0, 23, 6), someOf(22, 23, 2)),
  daysOfMonth: fc.option(someOf(1, 31, 12), { freq: 1 }),
  months: fc.option(someOf(1, 12, 8), { freq: 1 }),
  daysOfWeek: fc.option(someOf(0, 6, 4), { freq: 1 }),
});

function ticksIn(ticks: Ticks, { from, to }: { from: number; to: number }): readonly number[] {
  const found: number[] = [];
  for (let at = ticks.after(from); at !== null && at <= to; at = ticks.after(at)) {
    if (found.length > 0 && at <= (found.at(-1) ?? 0)) throw new Error(`after ${found.at(-1)} comes ${at}`);
    found.push(at);
  }
  return found;
}

const words = (instants: readonly number[]): readonly string[] => instants.map((at) => new Date(at).toISOString());

/** Changes with no other one near: the oracle knows one at a time. */
const alone = (changes: readonly Change[]): readonly Change[] =>
  changes.filter((change, index) =>
    [changes[index - 1], changes[index + 1]].every((other) => !other || Math.abs(other.at - change.at) > 8 * day),
  );

function differences(change: Change, fields: Fields): readonly string[] {
  const ticks = cronTicks(parseCron(cronText(fields)), parseZone(change.zone));
  const window = { from: change.at - 2 * day - 17_000, to: change.at + 2 * day };
  const expected = firesAround(fields, change, window);
  const what = `${cronText(fields)} in ${change.zone} around ${new Date(change.at).toISOString()} (seed ${seed})`;
  const found = ticksIn(ticks, window);
  const problems: string[] = [];
  if (words(found).join() !== words(expected).join())
    problems.push(`${what}: ${words(found).join()} instead of ${words(expected).join()}`);
  for (const [index, at] of expected.entries()) {
    if (ticks.atOrBefore(at) !== at) problems.push(`${what}: back from ${at} itself leads to ${ticks.atOrBefore(at)}`);
    const before = expected[index - 1];
    if (before !== undefined && ticks.atOrBefore(at - 1) !== before)
      problems.push(`${what}: before ${at} comes ${ticks.atOrBefore(at - 1)} instead of ${before}`);
  }
  return problems;
}

test(`every change of offset in ${chosen.length} of ${allZones.length} zones: each cron expression fires when the oracle says`, {
  timeout: 3_600_000,
}, () => {
  let compared = 0;
  const problems: string[] = [];
  for (const [index, zone] of chosen.entries()) {
    const changes = alone(changesOf(zone, first, end));
    const expressions = fc.sample(someFields, { numRuns: changes.length * expressionsPerChange, seed: seed + index });
    for (const [at, fields] of expressions.entries()) {
      const change = changes[Math.floor(at / expressionsPerChange)];
      if (!change) continue;
      compared += 1;
      problems.push(...differences(change, fields));
    }
  }
  expect(problems.slice(0, 10)).toEqual([]);
  expect(compared).toBeGreaterThan(0);
});
