import type { HintTopic, Store, Tx } from "../store.ts";
import { artifactVerbs, serviceVerbs } from "./artifact-and-service-verbs.ts";
import { attemptVerbs } from "./attempt-verbs.ts";
import { dagFileVerbs } from "./dag-file-verbs.ts";
import { runVerbs } from "./dag-run-verbs.ts";
import { dagVerbs } from "./dag-verbs.ts";
import { limitVerbs } from "./limit-verbs.ts";
import { quarantineVerbs } from "./quarantine-verbs.ts";
import { DeadlockError } from "./row-lock.ts";
import { runCountVerbs } from "./run-count-verbs.ts";
import type { RowListener } from "./table.ts";
import { createTables, type Tables, type WatchedRows, watchTable } from "./tables.ts";
import { taskInstanceVerbs } from "./task-instance-verbs.ts";
import { TokenHeldError } from "./token-held-error.ts";
import { type MemoryClock, type Step, Transaction } from "./transaction.ts";
import { logVerbs, settingVerbs, xcomVerbs } from "./value-verbs.ts";
import type { Verbs } from "./verbs.ts";
import { workerVerbs } from "./worker-verbs.ts";

export interface MemoryStoreOptions {
  /** The store's only source of time. */
  readonly clock: MemoryClock;
  /** Awaited before each verb, before each commit and after it. A simulator delays here, or rejects to crash the caller there. */
  readonly step?: Step;
}

/** How often a transaction that was refused for a deadlock, or for a token in use, is run. */
const maxTries = 10;

const verbs: Verbs<Omit<Tx, "now">> = {
  ...dagVerbs,
  ...dagFileVerbs,
  ...artifactVerbs,
  ...serviceVerbs,
  ...limitVerbs,
  ...runVerbs,
  ...runCountVerbs,
  ...quarantineVerbs,
  ...taskInstanceVerbs,
  ...attemptVerbs,
  ...workerVerbs,
  ...xcomVerbs,
  ...logVerbs,
  ...settingVerbs,
};

/**
 * A store in this process's memory, for tests and simulation: the whole contract, waiting and deadlocks included, but nothing
 * survives it. It has no timers, no randomness and no clock of its own, so a run of it can be repeated exactly.
 * @example const store = createMemoryStore({ clock: { now: () => new Date("2026-01-01") } });
 */
export function createMemoryStore({ clock, step }: MemoryStoreOptions): Store {
  const { tx } = createMemoryDatabase(clock).connect(step);
  const listeners = new Map<HintTopic, Set<() => void>>();
  let closed = false;
  return {
    tx: (fn) => {
      if (closed) return Promise.reject(new Error("the store is closed"));
      return tx(fn);
    },
    hint: (topic) => {
      // Not at once: whoever hints goes on first, as with a message from elsewhere.
      for (const listener of listeners.get(topic) ?? []) void Promise.resolve().then(listener);
    },
    onHint: (topic, listener) => {
      const own = () => listener();
      const all = listeners.get(topic) ?? new Set();
      listeners.set(topic, all.add(own));
      return () => void all.delete(own);
    },
    close: async () => {
      closed = true;
      listeners.clear();
    },
  };
}

/** What a database in memory is to several processes: each has its own connection, and its own faults on it. */
export interface MemoryDatabase {
  connect(step?: Step): Pick<Store, "tx">;
  /** Tells of each row that a commit changed, before anybody else can see the commit. */
  watch<Name extends keyof WatchedRows>(name: Name, listener: RowListener<WatchedRows[Name]>): void;
}

/** The tables behind a store, without its hints: for a simulation of many processes over one database. */
export function createMemoryDatabase(clock: MemoryClock): MemoryDatabase {
  const tables = withDefaults(createTables(), clock);
  return {
    connect: (step) => ({ tx: (fn) => runTransaction({ tables, clock, step }, fn) }),
    watch: (name, listener) => watchTable(tables, name, listener),
  };
}

interface TransactionParts {
  readonly tables: Tables;
  readonly clock: MemoryClock;
  readonly step: Step | undefined;
}

async function runTransaction<T>(parts: TransactionParts, fn: (tx: Tx) => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    const transaction = new Transaction(parts);
    try {
      const result = await fn(txOf(transaction));
      await transaction.commit();
      return result;
    } catch (error) {
      await transaction.rollback();
      // What `fn` threw may only be how it noticed that one of its verbs failed.
      if (!isTransient(transaction.failure) || tried >= maxTries) throw error;
    }
  }
}

const isTransient = (failure: unknown): boolean =>
  failure instanceof DeadlockError || failure instanceof TokenHeldError;

interface Face {
  readonly now: Date;
  readonly transaction: Transaction;
}

/** The verbs without their types: the loop below treats all alike. */
const verbEntries = Object.entries<unknown>(verbs) as [string, (at: Transaction, args: unknown[]) => unknown][];

/** One object for all transactions: a hundred closures for each cost more than most transactions do. */
const face: Record<string, unknown> = {};
for (const [name, verb] of verbEntries) {
  face[name] = function (this: Face, ...args: unknown[]) {
    const { transaction } = this;
    return transaction.statement(name, () => verb(transaction, args));
  };
}

/** The contract's face of a transaction: each verb takes its place in the transaction's line. */
function txOf(transaction: Transaction): Tx {
  const own: Face = Object.assign(Object.create(face), { now: transaction.now, transaction });
  return own as unknown as Tx;
}

function withDefaults(tables: Tables, clock: MemoryClock): Tables {
  const transaction = new Transaction({ tables, clock, step: undefined });
  tables.pools.put(transaction, {
    name: "default_pool",
    slots: 128,
    description: "Default pool",
    includeDeferred: false,
  });
  for (const [name, parallelism] of [
    ["local", 32],
    ["sequential", 1],
  ] as const) {
    tables.executors.put(transaction, { name, parallelism });
  }
  transaction.commitNow();
  return tables;
}
