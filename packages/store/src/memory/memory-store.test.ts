import { storeAgreement, storeContract } from "@airloom/testkit";
import { createMemoryStore } from "./memory-store.ts";

const clock = { now: () => new Date() };

const makeStore = async () => {
  const store = createMemoryStore({ clock });
  return { store, close: () => store.close() };
};

storeContract("the memory store", makeStore);
storeAgreement("two memory stores agree", { makeA: makeStore, makeB: makeStore });
