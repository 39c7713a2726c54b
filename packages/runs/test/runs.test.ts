import { createPostgresStore } from "@airloom/db";
import { cloneDatabase, runsContract } from "@airloom/testkit";

runsContract("PostgreSQL", async () => {
  const database = await cloneDatabase();
  const store = createPostgresStore({ url: database.url });
  return {
    store,
    close: async () => {
      await store.close();
      await database.drop();
    },
  };
});
