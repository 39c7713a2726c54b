import { hashPassword } from "@airloom/api";
import { AirloomError } from "@airloom/core";
import { createPostgresStore, type PostgresStore } from "@airloom/db";
import { openDatabase } from "./database.ts";
import type { ProcessContext } from "./process-context.ts";

type Role = "viewer" | "user" | "op" | "admin";

/** @throws CONFLICT when the name is taken. */
export async function createUser(
  context: ProcessContext,
  { username, password, role }: { readonly username: string; readonly password: string; readonly role: Role },
): Promise<void> {
  const passwordHash = await hashPassword(password);
  await withStore(context, (store) =>
    store.tx(async (tx) => {
      const taken = await tx.findUser(username);
      if (taken) throw new AirloomError("CONFLICT", { reason: `There is a user "${username}" already.` });
      await tx.putUser({ username, passwordHash, role });
    }),
  );
}

/** By name, without what their passwords are checked by. */
export async function listUsers(
  context: ProcessContext,
): Promise<readonly { readonly username: string; readonly role: Role }[]> {
  return withStore(context, async (store) =>
    (await store.tx((tx) => tx.listUsers())).map(({ username, role }) => ({ username, role })),
  );
}

/** @throws CLI_UNKNOWN_ID */
export async function resetPassword(context: ProcessContext, username: string, password: string): Promise<void> {
  const passwordHash = await hashPassword(password);
  await withStore(context, (store) =>
    store.tx(async (tx) => {
      const user = await tx.findUser(username);
      if (!user) throw new AirloomError("CLI_UNKNOWN_ID", { noun: "user", id: username, meant: [], none: false });
      await tx.putUser({ ...user, passwordHash });
    }),
  );
}

async function withStore<T>(context: ProcessContext, act: (store: PostgresStore) => Promise<T>): Promise<T> {
  const { config, home, log } = context;
  const database = await openDatabase(config, home, (line) => log.write("debug", line));
  const store = createPostgresStore({ url: database.url, poolSize: 2 });
  try {
    return await act(store);
  } finally {
    await store.close();
    await database.close("command ended");
  }
}
