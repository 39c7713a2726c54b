import { randomUUID } from "node:crypto";
import { linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { AirloomError } from "@airloom/core";
import { ownIdentity, type ProcessIdentity, stillRuns } from "./process-identity.ts";

const pollEvery = 15;
/** A lock file without readable content is being written this moment, unless it is older than this. Milliseconds. */
const writingTakesAtMost = 5_000;

interface Holder extends ProcessIdentity {
  /** Tells apart two holders in one process. */
  readonly key: string;
}

/**
 * Runs `work` while no other process (and no other caller in this one) starts or stops the server of a home.
 * The lock is a file made with O_EXCL that names its holder; a holder that no longer runs loses it.
 *
 * Two processes that find the same dead holder could, in a window of microseconds, both believe they took over. That is
 * harmless by design: a cluster appears by one rename and PostgreSQL's own lock file admits one server. The lock saves
 * wasted starts and makes "the last user stops it" orderly; it does not carry the data's safety.
 *
 * @throws DATABASE_BUSY when a living holder keeps it longer than `timeoutMs` (milliseconds).
 */
export async function withHomeLock<T>(file: string, work: () => Promise<T>, timeoutMs = 150_000): Promise<T> {
  const me: Holder = { ...ownIdentity(), key: randomUUID() };
  const deadline = performance.now() + timeoutMs;
  while (!take(file, me)) {
    if (performance.now() > deadline) {
      throw new AirloomError("DATABASE_BUSY", {
        file,
        pid: readHolder(file)?.pid ?? "unknown",
        seconds: timeoutMs / 1000,
      });
    }
    await sleep(pollEvery);
  }
  try {
    return await work();
  } finally {
    if (readHolder(file)?.key === me.key) rmSync(file, { force: true });
  }
}

function take(file: string, me: Holder): boolean {
  try {
    writeFileSync(file, JSON.stringify(me), { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  if (isAbandoned(file)) removeAbandoned(file);
  return false;
}

function isAbandoned(file: string): boolean {
  const holder = readHolder(file);
  if (holder) return !stillRuns(holder);
  try {
    return Date.now() - statSync(file).mtimeMs > writingTakesAtMost;
  } catch {
    return false;
  }
}

/** Moves the file away first and looks again: what was judged may have been replaced by a living holder's since. */
function removeAbandoned(file: string): void {
  const aside = `${file}.${randomUUID()}`;
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  try {
    if (!isAbandoned(aside)) linkSync(aside, file);
  } catch {
    // Someone took the lock meanwhile; see the note above on why that is harmless.
  } finally {
    rmSync(aside, { force: true });
  }
}

function readHolder(file: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Holder;
  } catch {
    return undefined;
  }
}
