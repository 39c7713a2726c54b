import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ownIdentity, stillRuns } from "./process-identity.ts";

/** One user of a home's server: a file `<pid>-<start time>-<key>` in the home's `run/db-users`. */
export interface ServerUser {
  /** Takes the entry away. Safe twice. */
  leave(): void;
}

/** Enters this process in the list of users. One process may enter several times; each entry counts. */
export function enterUser(folder: string): ServerUser {
  const me = ownIdentity();
  const file = join(folder, `${me.pid}-${me.startTime}-${randomUUID().slice(0, 8)}`);
  writeFileSync(file, me.bootId, { mode: 0o600 });
  return { leave: () => rmSync(file, { force: true }) };
}

/** The pids of the users that still run, one per entry. Entries of dead processes are removed on the way. */
export function presentUsers(folder: string): readonly number[] {
  return readdirSync(folder).flatMap((name) => {
    const file = join(folder, name);
    const pid = readUser(file, name);
    if (pid === undefined) rmSync(file, { force: true });
    return pid === undefined ? [] : [pid];
  });
}

function readUser(file: string, name: string): number | undefined {
  const [pid, startTime] = name.split("-");
  if (pid === undefined || startTime === undefined) return undefined;
  try {
    const bootId = readFileSync(file, "utf8").trim();
    const noted = { pid: Number(pid), startTime, bootId };
    return stillRuns(noted) ? noted.pid : undefined;
  } catch {
    return undefined;
  }
}
