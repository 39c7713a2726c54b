import { storeAgreement, storeContract, storeWaitingAgreement } from "@airloom/testkit";
import { createMemoryStore } from "./memory-store.ts";

const clock = { now: () => new Date() };

const makeStore = async () => {
  const store = createMemoryStore({ clock });
  return { store, close: () => store.close() };
};

storeContract("the memory store", makeStore);

// What PostgreSQL is held to as well; here it proves the comparison itself.
storeAgreement("two memory stores agree", { makeA: makeStore, makeB: makeStore });
storeWaitingAgreement("two memory stores wait alike", {
  makeReal: async () => ({ ...(await makeStore()), waiting: async () => 1 }),
  makeMemory: makeStore,
});
