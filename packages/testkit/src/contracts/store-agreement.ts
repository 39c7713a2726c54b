import type { Store } from "@airloom/store";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dagOperations } from "./agreement/dag-operations.ts";
import { limitAndValueOperations } from "./agreement/limit-and-value-operations.ts";
import { normalise } from "./agreement/normalise.ts";
import type { Operation } from "./agreement/operation.ts";
import { runOperations } from "./agreement/run-operations.ts";
import { taskInstanceOperations } from "./agreement/task-instance-operations.ts";
import { empty, World } from "./agreement/world.ts";
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

/** What makes and moves things is drawn more often: most sequences would be about nothing otherwise. */
const weights: Readonly<Record<string, number>> = {
  publishDag: 8,
  insertRun: 12,
  moveRun: 8,
  insertTaskInstances: 24,
  moveTaskInstances: 30,
  claimQueued: 10,
};

const anyOperation: fc.Arbitrary<Operation> = fc.oneof(
  ...[...dagOperations, ...runOperations, ...taskInstanceOperations, ...limitAndValueOperations].map((kind) => ({
    weight: weights[kind.name] ?? 2,
    arbitrary: kind.arbitrary,
  })),
);

const anySequence: fc.Arbitrary<readonly RandomTransaction[]> = fc.array(
  fc.record({
    operations: fc.array(anyOperation, { minLength: 1, maxLength: 6 }),
    commits: fc.oneof({ weight: 5, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  }),
  { minLength: 5, maxLength: 40, size: "max" },
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
    let made: readonly Awaited<ReturnType<MakeStore>>[] = [];
    beforeAll(async () => {
      made = await Promise.all([makeA(), makeB()]);
    });
    afterAll(async () => {
      await Promise.all(made.map(({ close }) => close()));
    });

    test(`${sequences} random sequences of transactions give the same answers`, async () => {
      const property = fc.asyncProperty(anySequence, async (sequence) => {
        const [a = [], b = []] = await Promise.all(made.map(({ store }) => answersOf(store, sequence)));
        for (const [index, answer] of a.entries()) expect(answer, textOf(sequence, index)).toEqual(b[index]);
      });
      await fc.assert(property, { numRuns: sequences, seed, endOnFailure: false });
    });
  });
}

const rolledBack = new Error("rolled back");

/** What each transaction of the sequence answered, from an empty world on, then all that is left. */
async function answersOf(store: Store, sequence: readonly RandomTransaction[]): Promise<readonly unknown[]> {
  await store.tx(empty);
  const world = new World();
  const answers: unknown[] = [];
  for (const transaction of sequence) answers.push(await answerOf(store, transaction, world));
  return answers;
}

async function answerOf(store: Store, { operations, commits }: RandomTransaction, world: World): Promise<unknown> {
  const answers: unknown[] = [];
  const ran = store.tx(async (tx) => {
    answers.length = 0;
    for (const operation of operations) answers.push(normalise(await operation.run(tx, world), world));
    if (!commits) throw rolledBack;
  });
  const end = await ran.then(
    () => "committed",
    (error) => (error === rolledBack ? "rolled back" : "threw"),
  );
  return { end, answers };
}

const textOf = (sequence: readonly RandomTransaction[], upTo: number): string =>
  sequence
    .slice(0, upTo + 1)
    .map(
      ({ operations, commits }) =>
        `${operations.map(({ text }) => text).join("; ")}; ${commits ? "commit" : "roll back"}`,
    )
    .join("\n");
