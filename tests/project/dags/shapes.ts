import { branch, chain, context, dag, empty, fail, group, skip, task } from "airloom";
import { z } from "zod";

const list = task("list", (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1));
const square = task("square", (value: number): number => value * value);
const sum = task("sum", (values: number[]): { total: number; at: Date } => ({
  total: values.reduce((total, value) => total + value, 0),
  at: new Date("2026-01-02T03:04:05.678Z"),
}));
const big = task("big", (): string => "big");
const small = task("small", (): string => "small");
const dayOf = task("day_of", (at: Date): string => `${at instanceof Date} ${at.toISOString().slice(0, 10)}`);
const atLast = task("at_last", { triggerRule: "none_failed_min_one_success" }, (): string => "done");
const third = task("third", { retries: 3, retryDelay: "50ms" }, (): number => {
  const { tryNumber } = context();
  console.log(`try ${tryNumber}`);
  if (tryNumber < 3) throw new Error(`not at try ${tryNumber}`);
  return tryNumber;
});
const skipped = task("skipped", (): void => skip("nothing to do"));
const afterSkipped = task("after_skipped", (_: undefined): string => "never");

/** A typed chain, mapping, a branch, a group, retries, skipping, trigger rules. */
export const shapes = dag("shapes", { params: z.object({ count: z.number().int().default(3) }) }, ({ params }) => {
  const numbers = list(params.count);
  const total = sum(square.expand(numbers));
  const bySize = branch("by_size", { big: () => big(), small: () => small() }, (given: { total: number }) =>
    given.total > 20 ? "big" : "small",
  );
  const chosen = bySize(total);
  const end = atLast();
  chosen.before(end);
  const inside = group("inside", () => {
    const tries = third();
    const start = empty("start");
    chain(start, tries);
    return tries;
  });
  chain(end, inside);
  afterSkipped(skipped() as never);
});

const day = task("day", (): Date => new Date("2026-03-04T00:00:00Z"));
export const dates = dag("dates", {}, () => {
  dayOf(day());
});

const broken = task("broken", { retries: 2, retryDelay: "50ms" }, (): void => fail("broken for good"));
const never = task("never", () => "never");
export const failing = dag("failing", {}, () => {
  chain(broken(), never());
});
