import type { RowHolder, RowLock } from "./row-lock.ts";
import type { Tables } from "./tables.ts";

/** What a simulator may stop at: the name of a verb before it runs, `commit` before and `committed` after the commit. */
export type Step = (point: string) => Promise<void>;

export interface MemoryClock {
  now(): Date;
}

export interface TransactionOptions {
  readonly tables: Tables;
  readonly clock: MemoryClock;
  readonly step: Step | undefined;
}

/** An open transaction: the rows it holds until its end, and the line its statements stand in. */
export class Transaction implements RowHolder {
  readonly now: Date;
  readonly tables: Tables;
  waitingFor: RowLock | null = null;
  committed = false;
  readonly #clock: MemoryClock;
  readonly #step: Step | undefined;
  readonly #held = new Map<object, () => void>();
  #ended = false;
  #failure: { readonly error: unknown } | null = null;
  /** Statements run one after another, in the order they were called, as on one connection. */
  #line: Promise<unknown> = Promise.resolve();

  constructor({ tables, clock, step }: TransactionOptions) {
    this.tables = tables;
    this.#clock = clock;
    this.#step = step;
    this.now = clock.now();
  }

  /** The clock now, not at the start: leases and due times go by it, also after waiting for a lock. */
  clockNow(): Date {
    return this.#clock.now();
  }

  /** Keeps a row's lock until the end; `settle` then makes its write last or vanish and lets the next one in. */
  hold(cell: object, settle: () => void): void {
    this.#held.set(cell, settle);
  }

  /** The rows held so far: with `releaseSince`, what a NOWAIT that failed gives back. */
  get mark(): number {
    return this.#held.size;
  }

  releaseSince(mark: number): void {
    for (const [cell, settle] of [...this.#held].slice(mark)) {
      this.#held.delete(cell);
      settle();
    }
  }

  /** What the first verb that failed threw. */
  get failure(): unknown {
    return this.#failure?.error;
  }

  /** Runs one verb when its turn comes. After a failure nothing runs any more, as in PostgreSQL. */
  statement<T>(name: string, run: () => T | Promise<T>): Promise<T> {
    const turn = this.#line.then(async () => {
      if (this.#ended) throw new Error(`${name} was called after the end of its transaction`);
      if (this.#failure) throw this.#failure.error;
      try {
        if (this.#step) await this.#step(name);
        return await run();
      } catch (error) {
        this.#failure = { error };
        throw error;
      }
    });
    this.#line = turn.catch(() => {});
    return turn;
  }

  /** Waits for statements still in line. A failed transaction rolls back and throws what failed. */
  async commit(): Promise<void> {
    await this.#line;
    if (this.#step && !this.#failure) await this.#step("commit");
    if (this.#failure) throw this.#failure.error;
    this.commitNow();
    if (this.#step) await this.#step("committed");
  }

  /** The commit itself: one step that nothing can come between. */
  commitNow(): void {
    this.committed = true;
    this.#end();
  }

  async rollback(): Promise<void> {
    await this.#line;
    if (!this.#ended) this.#end();
  }

  #end(): void {
    this.#ended = true;
    for (const settle of this.#held.values()) settle();
    this.#held.clear();
  }
}
