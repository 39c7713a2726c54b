import { readdirSync, realpathSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readPostmasterFile, servesDataDir } from "./postmaster-file.ts";
import { isPostgres, processState, workingFolderOf } from "./process-identity.ts";

/** How long a server process gets to leave by itself. Milliseconds. */
const patience = 1_000;

/**
 * Removes what a killed server left in the way of the next one. Call it only under the home's lock and when no server
 * runs on the folder.
 * - Backends that outlive their postmaster (one that computes does not notice): PostgreSQL refuses to start beside them.
 * - A `postmaster.pid` whose number belongs to a zombie or to a stranger: PostgreSQL sees "a process" and refuses, and
 *   where nobody collects zombies (a container without an init) it would refuse for ever.
 */
export async function clearRemains(dataDir: string): Promise<void> {
  const file = readPostmasterFile(dataDir);
  if (file && servesDataDir(file.pid, dataDir)) return;
  await killServerProcesses(dataDir);
  if (file && processState(file.pid) !== "gone") rmSync(join(dataDir, "postmaster.pid"), { force: true });
}

/** Ends the PostgreSQL processes that work in `folder`: SIGQUIT (its quick exit), then SIGKILL. Linux only. */
export async function killServerProcesses(folder: string): Promise<void> {
  signalAll(folder, "SIGQUIT");
  const began = performance.now();
  while (serverProcesses(folder).length > 0 && performance.now() - began < 10 * patience) {
    if (performance.now() - began > patience) signalAll(folder, "SIGKILL");
    await sleep(10);
  }
}

function serverProcesses(folder: string): readonly number[] {
  if (process.platform !== "linux") return [];
  let real: string;
  try {
    real = realpathSync(folder);
  } catch {
    return [];
  }
  const pids = readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid);
  // A user's shell may stand in the folder too; only PostgreSQL itself is meant.
  return pids.filter((pid) => workingFolderOf(pid) === real && isPostgres(pid) && processState(pid) === "alive");
}

function signalAll(folder: string, signal: NodeJS.Signals): void {
  for (const pid of serverProcesses(folder)) {
    try {
      process.kill(pid, signal);
    } catch {
      // Gone between listing and signalling.
    }
  }
}
