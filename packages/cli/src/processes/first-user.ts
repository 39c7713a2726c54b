import { randomBytes } from "node:crypto";
import { hashPassword } from "@airloom/api";
import type { Store } from "@airloom/store";
import type { ProcessContext } from "./process-context.ts";

/** The same for a server that starts: with the password that was set, or one that is printed once. */
export async function welcomeFirstUser({ config, environment, log }: ProcessContext, store: Store): Promise<void> {
  const wanted = config.security.adminPassword || (environment.AIRLOOM_ADMIN_PASSWORD ?? "");
  const password = await ensureFirstUser(store, wanted);
  if (password) log.write("info", `The first user is "admin", its password: ${password}`);
}

/** Makes `admin` when there is no user yet. Returns a generated password, to be shown once; null when nothing was generated. */
async function ensureFirstUser(store: Store, wanted: string): Promise<string | null> {
  if ((await store.tx((tx) => tx.countUsers())) > 0) return null;
  const password = wanted || randomBytes(12).toString("base64url");
  const passwordHash = await hashPassword(password);
  await store.tx((tx) => tx.putUser({ username: "admin", passwordHash, role: "admin" }));
  return wanted ? null : password;
}
