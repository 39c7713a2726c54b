import { randomBytes } from "node:crypto";
import { hashPassword } from "@airloom/api";
import type { Store } from "@airloom/store";

/** Makes `admin` when there is no user yet. Returns a generated password, to be shown once; null when nothing was generated. */
export async function ensureFirstUser(store: Store, wanted: string): Promise<string | null> {
  if ((await store.tx((tx) => tx.countUsers())) > 0) return null;
  const password = wanted || randomBytes(12).toString("base64url");
  const passwordHash = await hashPassword(password);
  await store.tx((tx) => tx.putUser({ username: "admin", passwordHash, role: "admin" }));
  return wanted ? null : password;
}
