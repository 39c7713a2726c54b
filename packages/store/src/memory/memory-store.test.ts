import { storeContract } from "@airloom/testkit";
import { createMemoryStore } from "./memory-store.ts";

const clock = { now: () => new Date() };

storeContract("the memory store", async () => {
  const store = createMemoryStore({ clock });
  return { store, close: () => store.close() };
});
