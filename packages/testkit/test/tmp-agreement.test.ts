import { createPostgresStore } from "@airloom/db";
import { createMemoryStore } from "@airloom/store";
import { cloneDatabase, storeAgreement } from "@airloom/testkit";

storeAgreement(
  "PostgreSQL agrees with memory",
  {
    makeA: async () => {
      const database = await cloneDatabase();
      const store = createPostgresStore({ url: database.url, poolSize: 4 });
      return {
        store,
        close: async () => {
          await store.close();
          await database.drop();
        },
      };
    },
    makeB: async () => {
      const store = createMemoryStore({ clock: { now: () => new Date() } });
      return { store, close: () => store.close() };
    },
  },
  { sequences: 300 },
);
