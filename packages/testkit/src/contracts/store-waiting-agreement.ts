import type { Store, Tx } from "@airloom/store";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { anyOperation } from "./agreement/any-operation.ts";
import { normalise } from "./agreement/normalise.ts";
import type { Operation } from "./agreement/operation.ts";
import { furnish, World } from "./agreement/world.ts";
import { type OpenTransaction, openTransaction } from "./store/open-transaction.ts";
import type { MakeStore } from "./store/store-under-test.ts";
import type { AgreementOptions } from "./store-agreement.ts";

/** A store that can say how many of its transactions wait for a lock now. */
export type MakeWatchedStore = () => Promise<{
  readonly store: Store;
  waiting(): Promise<number>;
  close(): Promise<void>;
}>;

/**
 * Left out: what deletes whole runs, because PostgreSQL's foreign keys make it wait for inserts that hold no lock of the contract;
 * and logs, whose chunks wait in their own way.
 */
const without = ["deleteDag", "deleteRun", "appendLogs", "listLogs"];

interface Step {
  readonly session: 0 | 1;
  readonly act: Operation | "commit" | "rollback";
}

const anyAct: fc.Arbitrary<Step["act"]> = fc.oneof(
  { weight: 8, arbitrary: anyOperation(without) },
  { weight: 1, arbitrary: fc.constant("commit" as const) },
  { weight: 1, arbitrary: fc.constant("rollback" as const) },
);

const anySteps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({ session: fc.constantFrom(0 as const, 1 as const), act: anyAct }),
  { minLength: 10, maxLength: 60, size: "max" },
);

/**
 * Two open transactions, their steps interleaved at random: the real store waits exactly where memory waits, and all answers
 * agree, also those that come after waiting. A circle of waiting is ended by rolling back whoever closed it.
 */
export function storeWaitingAgreement(
  name: string,
  { makeReal, makeMemory }: { readonly makeReal: MakeWatchedStore; readonly makeMemory: MakeStore },
  { sequences = 50, seed = 1 }: AgreementOptions = {},
): void {
  describe(name, () => {
    let real: Awaited<ReturnType<MakeWatchedStore>>;
    let memory: Awaited<ReturnType<MakeStore>>;
    const seen = { waits: 0, circles: 0 };
    beforeAll(async () => {
      [real, memory] = await Promise.all([makeReal(), makeMemory()]);
    });
    afterAll(() => Promise.all([real.close(), memory.close()]));

    test(`${sequences} interleavings of two transactions wait and answer alike`, async () => {
      const property = fc.asyncProperty(anySteps, async (steps) => {
        const pair = new Pair({ real: real.store, memory: memory.store, waiting: () => real.waiting(), seen });
        await pair.begin();
        try {
          for (const step of steps) await pair.take(step);
          await pair.finish();
        } catch (error) {
          await pair.abandon();
          throw error;
        }
      });
      await fc.assert(property, { numRuns: sequences, seed });
    });

    test("there was something to wait for, and circles of waiting were met", () => {
      expect(seen.waits).toBeGreaterThan(0);
      expect(seen.circles).toBeGreaterThan(0);
    });
  });
}

/** The same transaction in both stores. */
interface Session {
  readonly memory: OpenTransaction;
  readonly real: OpenTransaction;
  /** A step that both stores have begun and that waits. */
  pending: { readonly text: string; readonly memory: Promise<Answer>; readonly real: Promise<Answer> } | null;
}

type Answer = { readonly value: unknown } | { readonly threw: string };

interface PairParts {
  readonly real: Store;
  readonly memory: Store;
  readonly waiting: () => Promise<number>;
  readonly seen: { waits: number; circles: number };
}

class Pair {
  readonly #parts: PairParts;
  readonly #worlds = { real: new World(), memory: new World() };
  readonly #sessions: [Session | null, Session | null] = [null, null];
  readonly #told: string[] = [];

  constructor(parts: PairParts) {
    this.#parts = parts;
  }

  async begin(): Promise<void> {
    await this.#parts.real.tx((tx) => furnish(tx, this.#worlds.real));
    await this.#parts.memory.tx((tx) => furnish(tx, this.#worlds.memory));
  }

  async take({ session: index, act }: Step): Promise<void> {
    const session = this.#sessions[index];
    // Who waits can do nothing else.
    if (session?.pending) return;
    if (act === "commit" || act === "rollback") {
      if (session) await this.#end(index, act);
      return;
    }
    await this.#operate(index, act);
  }

  /** Rolls back what is open: first who waits for nobody, which lets the other one go on. */
  async finish(): Promise<void> {
    const order = ([0, 1] as const).toSorted((a) => (this.#sessions[a]?.pending ? 1 : -1));
    for (const index of order) if (this.#sessions[index]) await this.#end(index, "rollback");
  }

  /** After a disagreement nobody knows who waits for whom: all at once. */
  async abandon(): Promise<void> {
    const open = this.#sessions.flatMap((session) => (session ? [session.memory, session.real] : []));
    await Promise.all(open.map((transaction) => transaction.rollback()));
  }

  async #operate(index: 0 | 1, act: Operation): Promise<void> {
    this.#sessions[index] ??= {
      memory: await openTransaction(this.#parts.memory),
      real: await openTransaction(this.#parts.real),
      pending: null,
    };
    const session = this.#sessions[index];
    const text = `${index}: ${act.text}`;
    this.#told.push(text);
    const memory = answerOf(session.memory.tx, act, this.#worlds.memory);
    if (!(await settles(memory))) {
      this.#parts.seen.waits += 1;
      const real = answerOf(session.real.tx, act, this.#worlds.real);
      session.pending = { text, memory, real };
      await this.#untilWaiting(real);
      return;
    }
    const answer = await memory;
    if ("threw" in answer && answer.threw === "DeadlockError") {
      this.#parts.seen.circles += 1;
      await this.#end(index, "rollback");
      return;
    }
    const real = answerOf(session.real.tx, act, this.#worlds.real);
    await this.#untilAnswered(real);
    await this.#compare(memory, real, { index });
  }

  /** The real store must not wait for what memory answers at once. */
  async #untilAnswered(real: Promise<Answer>): Promise<void> {
    const others = this.#sessions.filter((session) => session?.pending).length;
    while (!(await settles(real))) {
      const waiting = (await this.#parts.waiting()) > others;
      if (waiting && !(await settles(real)))
        throw new Error(`the real store waits, memory does not:\n${this.#story()}`);
    }
  }

  /** The real store must not answer what memory makes wait. */
  async #untilWaiting(real: Promise<Answer>): Promise<void> {
    for (;;) {
      const waiting = (await this.#parts.waiting()) > 0;
      if (await settles(real)) throw new Error(`memory waits, the real store does not:\n${this.#story()}`);
      if (waiting) return;
    }
  }

  async #end(index: 0 | 1, how: "commit" | "rollback"): Promise<void> {
    const session = this.#sessions[index];
    if (!session) return;
    this.#told.push(`${index}: ${how}`);
    this.#sessions[index] = null;
    await session.memory[how]();
    await session.real[how]();
    const otherIndex = index === 0 ? 1 : 0;
    const other = this.#sessions[otherIndex];
    if (!other?.pending) return;
    const { memory, real, text } = other.pending;
    other.pending = null;
    this.#told.push(`(on with ${text})`);
    await this.#compare(memory, real, { index: otherIndex });
  }

  async #compare(memory: Promise<Answer>, real: Promise<Answer>, { index }: { readonly index: 0 | 1 }): Promise<void> {
    const [expected, answer] = await Promise.all([memory, real]);
    const failed = "threw" in expected;
    if (failed) expect("threw" in answer, this.#story()).toBe(true);
    else expect(answer, this.#story()).toEqual(expected);
    if (failed) await this.#end(index, "rollback");
  }

  #story = (): string => this.#told.join("\n");
}

const answerOf = (tx: Tx, { run }: Operation, world: World): Promise<Answer> =>
  run(tx, world).then(
    (value) => ({ value: normalise(value, world) }),
    (error: unknown) => ({ threw: error instanceof Error ? error.name : String(error) }),
  );

/** Whether a promise settles without anything from outside: memory has nothing else to wait for than promises. */
async function settles(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  void promise.then(() => {
    settled = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  return settled;
}
