import { randomUUID } from "node:crypto";
import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { AirloomError } from "@airloom/core";
import { dataOwner, programEnvironment, runAs } from "./account.ts";
import { isCluster } from "./home.ts";
import { programOf } from "./installation.ts";
import { killServerProcesses } from "./orphans.ts";
import { giveTo, type Place } from "./place.ts";
import { processState } from "./process-identity.ts";

/**
 * Makes the cluster of a place if there is none. It is made in a draft folder and renamed when it is whole, so a killed
 * initdb leaves a draft, never half a cluster; drafts of earlier tries are removed.
 * @returns whether it was made now.
 * @throws DATABASE_INIT_FAILED with what initdb said.
 */
export async function ensureCluster(place: Place, durable: boolean): Promise<boolean> {
  if (isCluster(place.dataDir)) return false;
  await removeDrafts(place.dataDir);
  const draft = `${place.dataDir}.init-${process.pid}-${randomUUID().slice(0, 8)}`;
  try {
    await initCluster(place, draft, durable);
    renameSync(draft, place.dataDir);
    syncFolder(dirname(place.dataDir));
    return true;
  } catch (error) {
    // A second process may have been quicker; a folder that is not empty refuses the rename.
    if (isCluster(place.dataDir)) return false;
    throw error;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** Byte order with Unicode rules for upper and lower case; some systems have no such locale, then PostgreSQL's own (17+) or plain C. */
function localeChoices(major: number): readonly (readonly string[])[] {
  const builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"];
  return [["--locale=C.UTF-8"], major >= 17 ? ["--locale=C", ...builtin] : ["--locale=C"]];
}

async function initCluster(place: Place, draft: string, durable: boolean): Promise<void> {
  const env = programEnvironment(place.installation);
  let said = "";
  for (const locale of localeChoices(place.installation.major)) {
    rmSync(draft, { recursive: true, force: true });
    mkdirSync(draft, { mode: 0o700 });
    giveTo(draft, dataOwner(place.account));
    const fixed = ["-D", draft, "-U", "postgres", "-E", "UTF8", "-A", "trust", ...(durable ? [] : ["--no-sync"])];
    const made = await runAs(place.account, [programOf(place.installation, "initdb"), ...fixed, ...locale], env);
    if (made.ok) return;
    said = made.said;
    if (!/locale/i.test(said)) break;
  }
  const reason = said.split("\n").slice(-4).join(" ").trim() || "initdb ended without a message";
  throw new AirloomError("DATABASE_INIT_FAILED", { folder: place.dataDir, reason });
}

async function removeDrafts(dataDir: string): Promise<void> {
  const parent = dirname(dataDir);
  const prefix = `${basename(dataDir)}.init-`;
  for (const name of readdirSync(parent).filter((entry) => entry.startsWith(prefix))) {
    // Named after its launcher's pid. A living launcher removes its own, should it ever work beside us.
    if (processState(Number.parseInt(name.slice(prefix.length), 10)) === "alive") continue;
    const draft = join(parent, name);
    // When only the launcher was killed, its initdb may still be at work in there.
    await killServerProcesses(draft);
    rmSync(draft, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }
}

/** Makes the rename itself durable. */
function syncFolder(folder: string): void {
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
