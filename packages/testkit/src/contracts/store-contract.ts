import { describe } from "vitest";
import { candidatePromises } from "./store/candidates.ts";
import { claimPromises } from "./store/claims.ts";
import { definitionPromises } from "./store/definitions.ts";
import { doorPromises } from "./store/door.ts";
import { leasePromises } from "./store/leases.ts";
import { limitPromises } from "./store/limits.ts";
import { runCountPromises } from "./store/run-counts.ts";
import { runPromises } from "./store/runs.ts";
import { settingPromises } from "./store/settings.ts";
import { type MakeStore, type StoreUnderTest, storeUnderTest } from "./store/store-under-test.ts";
import { transactionPromises } from "./store/transactions.ts";
import { valuePromises } from "./store/values.ts";

const sections: Readonly<Record<string, (given: StoreUnderTest) => void>> = {
  "transactions and hints": transactionPromises,
  "the door of task instance states": doorPromises,
  claims: claimPromises,
  "leases and due times": leasePromises,
  candidates: candidatePromises,
  "limits and slots": limitPromises,
  runs: runPromises,
  "what is counted beside a run": runCountPromises,
  definitions: definitionPromises,
  "values and logs": valuePromises,
  "settings, events and processes": settingPromises,
};

/**
 * What every store promises, one sentence per test. Each group of tests gets one store from `makeStore`, new and empty.
 * @example storeContract("PostgreSQL", async () => { const { store, close } = await cloneStore(); return { store, close }; });
 */
export function storeContract(name: string, makeStore: MakeStore): void {
  describe(`${name} keeps the Store contract`, () => {
    for (const [title, section] of Object.entries(sections)) {
      describe(title, () => section(storeUnderTest(makeStore)));
    }
  });
}
