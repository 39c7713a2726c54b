import type { Store } from "@airloom/store";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { anyOperation, operationKinds } from "./agreement/any-operation.ts";
import { normalise } from "./agreement/normalise.ts";
import type { Operation } from "./agreement/operation.ts";
import { furnish, World } from "./agreement/world.ts";
import type { MakeStore } from "./store/store-under-test.ts";

export interface AgreementOptions {
  /** Sequences to try. @default 50 */
  readonly sequences?: number;
  /** The same seed tries the same sequences. @default 1 */
  readonly seed?: number;
}

/** Some operations done in one transaction, which then commits or rolls back. */
interface RandomTransaction {
  readonly operations: readonly Operation[];
  readonly commits: boolean;
}

const anySequence: fc.Arbitrary<readonly RandomTransaction[]> = fc.array(
  fc.record({
    operations: fc.array(anyOperation(), { minLength: 1, maxLength: 6 }),
    commits: fc.oneof({ weight: 5, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  }),
  { minLength: 5, maxLength: 60, size: "max" },
);

/**
 * Random sequences of transactions give the same answers in two stores, up to what may differ (keys of runs, clocks). A failure
 * prints the seed and the shortest sequence found.
 * @example storeAgreement("PostgreSQL agrees with memory", { makeA: makePostgres, makeB: makeMemory });
 */
export function storeAgreement(
  name: string,
  { makeA, makeB }: { readonly makeA: MakeStore; readonly makeB: MakeStore },
  { sequences = 50, seed = 1 }: AgreementOptions = {},
): void {
  describe(name, () => {
    const telling = new Set<string>();
    let made: readonly Awaited<ReturnType<MakeStore>>[] = [];
    beforeAll(async () => {
      made = await Promise.all([makeA(), makeB()]);
    });
    afterAll(async () => {
      await Promise.all(made.map(({ close }) => close()));
    });

    test(`${sequences} random sequences of transactions give the same answers`, async () => {
      const property = fc.asyncProperty(anySequence, async (sequence) => {
        const [a = [], b = []] = await Promise.all(made.map(({ store }) => answersOf(store, sequence, telling)));
        for (const [index, answer] of a.entries()) expect(answer, textOf(sequence, index)).toEqual(b[index]);
      });
      await fc.assert(property, { numRuns: sequences, seed });
    });

    test("every operation found something to say or do at least once: the sequences are not too tame", () => {
      expect(operationKinds.map((kind) => kind.name).filter((kind) => !telling.has(kind))).toEqual([]);
    });
  });
}

const rolledBack = new Error("rolled back");

/** What each transaction of the sequence answered. `telling` gathers the operations that had something to say. */
async function answersOf(
  store: Store,
  sequence: readonly RandomTransaction[],
  telling: Set<string>,
): Promise<readonly unknown[]> {
  const world = new World();
  await store.tx((tx) => furnish(tx, world));
  const answers: unknown[] = [];
  for (const transaction of sequence) answers.push(await answerOf(store, transaction, { world, telling }));
  return answers;
}

async function answerOf(
  store: Store,
  { operations, commits }: RandomTransaction,
  { world, telling }: { readonly world: World; readonly telling: Set<string> },
): Promise<unknown> {
  const answers: unknown[] = [];
  const ran = store.tx(async (tx) => {
    answers.length = 0;
    for (const operation of operations) {
      const answer = normalise(await operation.run(tx, world), world);
      answers.push(answer);
      if (saysSomething(answer)) telling.add(operation.name);
    }
    if (!commits) throw rolledBack;
  });
  const end = await ran.then(
    () => "committed",
    (error) => (error === rolledBack ? "rolled back" : "threw"),
  );
  return { end, answers };
}

/** Verbs without an answer count: what they did is seen by those that have one. */
const saysSomething = (answer: unknown): boolean =>
  answer === undefined || (Array.isArray(answer) ? answer.some(saysSomething) : Boolean(answer));

const textOf = (sequence: readonly RandomTransaction[], upTo: number): string =>
  sequence
    .slice(0, upTo + 1)
    .map(
      ({ operations, commits }) =>
        `${operations.map(({ text }) => text).join("; ")}; ${commits ? "commit" : "roll back"}`,
    )
    .join("\n");
