import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { dirname, join } from "node:path";
import type { Installation } from "./installation.ts";
import { programOf } from "./installation.ts";

/**
 * Who runs PostgreSQL, which refuses to run as root.
 * - `self`: this process's own user.
 * - `namespace`: this process's own user, shown to PostgreSQL as `nobody` by a user namespace. Files stay ours.
 * - `user`: another user, which only root can choose. Files must belong to that user.
 */
export type Account =
  | { readonly kind: "self" }
  | { readonly kind: "namespace"; readonly uid: number; readonly gid: number }
  | { readonly kind: "user"; readonly uid: number; readonly gid: number };

/** Whether this process is root, whom PostgreSQL refuses. */
export const isRoot = (): boolean => process.getuid?.() === 0;

/**
 * The accounts to try, best first.
 * @param owner who owns the data folder, or the home before there is data: an ordinary user's home stays that user's
 * even when root starts the server.
 */
export function candidateAccounts(owner: {
  readonly uid: number;
  readonly gid: number;
  readonly hasData: boolean;
}): readonly Account[] {
  const nobody = nobodyIds();
  if (!isRoot()) return isKnownUser() ? [{ kind: "self" }] : [{ kind: "namespace", ...nobody }, { kind: "self" }];
  const asRoot: readonly Account[] = [
    { kind: "namespace", ...nobody },
    { kind: "user", ...nobody },
  ];
  if (owner.uid === 0 || owner.uid === nobody.uid) return asRoot;
  const asOwner: Account = { kind: "user", uid: owner.uid, gid: owner.gid };
  return owner.hasData ? [asOwner] : [asOwner, ...asRoot];
}

/** Who must own the data folder under an account; undefined: whoever creates it, which is us. */
export function dataOwner(account: Account): { readonly uid: number; readonly gid: number } | undefined {
  if (account.kind === "user") return { uid: account.uid, gid: account.gid };
  return isRoot() ? { uid: 0, gid: 0 } : undefined;
}

/**
 * Starts a program under an account with a minimal environment: variables such as PGPORT or LD_PRELOAD of the caller
 * must not reach the server. The pid is the program's own: `unshare` becomes it.
 */
export function spawnAs(
  account: Account,
  command: readonly [string, ...string[]],
  options: SpawnOptions = {},
): ChildProcess {
  const base: SpawnOptions = { cwd: "/", ...options };
  if (account.kind === "user") {
    const [program, ...args] = command;
    return spawn(program, args, { ...base, uid: account.uid, gid: account.gid });
  }
  if (account.kind === "self") {
    const [program, ...args] = command;
    return spawn(program, args, base);
  }
  const mapping = ["--user", `--map-user=${account.uid}`, `--map-group=${account.gid}`, "--"];
  return spawn("unshare", [...mapping, ...command], base);
}

/** The environment of PostgreSQL's programs. Messages in English, because some are read by this code. */
export function programEnvironment(installation: Installation): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { PATH: "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", LC_ALL: "C", TZ: "UTC" };
  const { libraryDir, binDir } = installation;
  if (libraryDir === undefined) return env;
  // Libraries look for others where they were found themselves, which is among the links: name the real folder too.
  const folders = `${libraryDir}:${join(dirname(binDir), "lib")}`;
  return { ...env, [process.platform === "darwin" ? "DYLD_LIBRARY_PATH" : "LD_LIBRARY_PATH"]: folders };
}

/** Runs a program to its end and collects what it said. A program that cannot be started is an exit like any other. */
export function runAs(
  account: Account,
  command: readonly [string, ...string[]],
  env: NodeJS.ProcessEnv,
): Promise<{ readonly ok: boolean; readonly said: string }> {
  const child = spawnAs(account, command, { env, stdio: ["ignore", "pipe", "pipe"] });
  const parts: string[] = [];
  child.stdout?.on("data", (part: Buffer) => parts.push(part.toString("utf8")));
  child.stderr?.on("data", (part: Buffer) => parts.push(part.toString("utf8")));
  return new Promise((resolve) => {
    child.once("error", (error) => resolve({ ok: false, said: error.message }));
    child.once("close", (code, signal) => {
      const end = signal === null ? "" : ` (ended by ${signal})`;
      resolve({ ok: code === 0, said: parts.join("").trim() + end });
    });
  });
}

/**
 * Tries whether an account can run `postgres` and reach `folder`.
 * @returns undefined when it can, else the reason in words.
 */
export async function refusalOf(
  account: Account,
  installation: Installation,
  folder: string,
): Promise<string | undefined> {
  const script = 'cd "$1" && exec "$2" --version';
  const postgres = programOf(installation, "postgres");
  const tried = await runAs(
    account,
    ["/bin/sh", "-c", script, "sh", folder, postgres],
    programEnvironment(installation),
  );
  return tried.ok ? undefined : `${describeAccount(account)}: ${tried.said || "failed without a message"}`;
}

/** An account in words, for messages. */
function describeAccount(account: Account): string {
  if (account.kind === "self") return "as this user";
  return account.kind === "namespace" ? "in a user namespace" : `as uid ${account.uid}`;
}

/** PostgreSQL's initdb wants its user to have a name; `nobody` has one nearly everywhere, but not the same number. */
function nobodyIds(): { readonly uid: number; readonly gid: number } {
  try {
    const line = /^nobody:[^:]*:(\d+):(\d+):/m.exec(readFileSync("/etc/passwd", "utf8"));
    if (line) return { uid: Number(line[1]), gid: Number(line[2]) };
  } catch {
    // No readable user list: the usual number, which then fails with a message of its own.
  }
  return { uid: 65534, gid: 65534 };
}

/** Containers often run under a bare number that no user list knows. */
function isKnownUser(): boolean {
  try {
    return userInfo().username.length > 0;
  } catch {
    return false;
  }
}
