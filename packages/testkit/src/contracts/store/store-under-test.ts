import type { Store, Tx } from "@airloom/store";
import { afterAll, afterEach, beforeAll } from "vitest";
import { type OpenTransaction, openTransaction } from "./open-transaction.ts";

export type MakeStore = () => Promise<{ readonly store: Store; close(): Promise<void> }>;

/** One store for a group of tests; each test uses Dags, pools and queues of its own. */
export interface StoreUnderTest {
  readonly store: Store;
  tx<T>(fn: (tx: Tx) => Promise<T>): Promise<T>;
  /** Opened by hand; rolled back after the test if it is still open. */
  open(): Promise<OpenTransaction>;
  /**
   * Whether this is still waiting after other connections did a few round trips. A wait that is missing shows most of the time; one
   * that is there shows always, so no test fails by chance.
   */
  waits(promise: Promise<unknown>): Promise<boolean>;
}

const roundTrips = 8;

export function storeUnderTest(makeStore: MakeStore): StoreUnderTest {
  let made: Awaited<ReturnType<MakeStore>> | undefined;
  let left: OpenTransaction[] = [];
  const store = () => {
    if (!made) throw new Error("the store is made when the tests run");
    return made.store;
  };
  beforeAll(async () => {
    made = await makeStore();
  });
  afterEach(async () => {
    await Promise.all(left.map((open) => open.rollback()));
    left = [];
  });
  afterAll(() => made?.close());
  return {
    get store() {
      return store();
    },
    tx: (fn) => store().tx(fn),
    open: async () => {
      const open = await openTransaction(store());
      left.push(open);
      return open;
    },
    waits: async (promise) => {
      let settled = false;
      const settle = () => {
        settled = true;
      };
      void promise.then(settle, settle);
      for (let trip = 0; trip < roundTrips; trip += 1) await store().tx((tx) => tx.findPool("default_pool"));
      return !settled;
    },
  };
}
