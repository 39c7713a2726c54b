import { createPostgresStore } from "@airloom/db";
import { cloneDatabase, storeContract } from "@airloom/testkit";

storeContract("PostgreSQL", async () => {
  const database = await cloneDatabase();
  const store = createPostgresStore({ url: database.url, poolSize: 8 });
  return {
    store,
    close: async () => {
      await store.close();
      await database.drop();
    },
  };
});
