import { createMemoryStore } from "@airloom/store";
import { runsContract } from "@airloom/testkit";

runsContract("memory", async () => {
  const store = createMemoryStore({ clock: { now: () => new Date() } });
  return { store, close: () => store.close() };
});
