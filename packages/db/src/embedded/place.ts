import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { AirloomError } from "@airloom/core";
import { type Account, candidateAccounts, dataOwner, isRoot, refusalOf } from "./account.ts";
import { dataDirOf, dataParent, type EmbeddedHome, type ExistingData, existingData } from "./home.ts";
import { copyInstallation, findInstallations, type Installation, linkLibraries } from "./installation.ts";

/** With which programs, as whom and where the server of a home runs. */
export interface Place {
  readonly home: EmbeddedHome;
  readonly installation: Installation;
  readonly account: Account;
  /** Holds the data folder and the socket folder. */
  readonly parent: string;
  readonly dataDir: string;
}

interface PlaceOptions {
  readonly packageRoot: string | undefined;
  /** Where data and programs go that `nobody` cannot reach where they are. */
  readonly sharedRoot: string;
  /** Tried instead of what `candidateAccounts` proposes. */
  readonly accounts: readonly Account[] | undefined;
}

/**
 * Finds a working combination of programs and account for a home, by trying.
 * @throws DATABASE_NO_BINARIES, DATABASE_MAJOR_MISMATCH (data of a version nobody here can serve) or
 * DATABASE_CANNOT_RUN (all combinations refused, with the reasons).
 */
export async function choosePlace(home: EmbeddedHome, options: PlaceOptions): Promise<Place> {
  const existing = existingData(home);
  const refusals: string[] = [];
  for (const installation of servingInstallations(findInstallations(options.packageRoot), existing)) {
    const owner = ownerOf(
      home,
      existing.find((data) => data.major === installation.major),
    );
    for (const account of options.accounts ?? candidateAccounts(owner)) {
      // Hosts refuse in many ways: a container may not even know the uid that a folder should belong to.
      const tried = await tryPlace({ home, installation, account }, options).catch(reasonOf);
      if (typeof tried !== "string") return tried;
      refusals.push(`${tried} (${installation.binDir})`);
    }
  }
  throw new AirloomError("DATABASE_CANNOT_RUN", { asRoot: isRoot(), reasons: refusals.join("; ") });
}

/** Data of another major version must not vanish behind an empty new database: only programs that can read it count. */
function servingInstallations(
  found: readonly Installation[],
  existing: readonly ExistingData[],
): readonly Installation[] {
  if (existing.length === 0) return found;
  const serving = found.filter((installation) => existing.some((data) => data.major === installation.major));
  if (serving.length > 0) return serving;
  const majors = (list: readonly { readonly major: number }[]) => list.map((entry) => entry.major).join(", ");
  const folder = existing[0]?.dataDir ?? "";
  throw new AirloomError("DATABASE_MAJOR_MISMATCH", { folder, have: majors(existing), available: majors(found) });
}

function ownerOf(home: EmbeddedHome, data: ExistingData | undefined) {
  const { uid, gid } = statSync(data?.dataDir ?? home.home);
  return { uid, gid, hasData: data !== undefined };
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

type Trial = Pick<Place, "home" | "installation" | "account">;

async function tryPlace(trial: Trial, options: PlaceOptions): Promise<Place | string> {
  const installation = linkLibraries(trial.installation, trial.home.libraryDir);
  const parent = dataParent(trial.home);
  if (trial.account.kind === "user") openTo(trial.home.home, trial.account);
  const refusal = await refusalOf(trial.account, installation, parent);
  if (refusal === undefined) return placeAt({ ...trial, installation }, parent);
  return trial.account.kind === "user" && isRoot() ? tryMovedPlace(trial, options, refusal) : refusal;
}

/** Copies what the account cannot reach to where it can: first the programs, then, if that is not enough, the data. */
async function tryMovedPlace(trial: Trial, options: PlaceOptions, refusal: string): Promise<Place | string> {
  mkdirSync(options.sharedRoot, { recursive: true, mode: 0o755 });
  const installation = copyInstallation(trial.installation, options.sharedRoot);
  const copied = { ...trial, installation };
  const parent = dataParent(trial.home);
  if ((await refusalOf(trial.account, installation, parent)) === undefined) return placeAt(copied, parent);
  if ((await refusalOf(trial.account, installation, options.sharedRoot)) !== undefined) return refusal;
  return placeAt(copied, moveData(copied, options.sharedRoot));
}

function placeAt(trial: Trial, parent: string): Place {
  const place = { ...trial, parent, dataDir: dataDirOf(parent, trial.installation.major) };
  if (existsSync(place.dataDir)) giveTo(place.dataDir, dataOwner(place.account));
  return place;
}

/**
 * Moves the home's data to a folder of its own under the shared root and notes it in `postgres.location`. The copy is
 * complete before the note is written, and the original stays.
 */
function moveData(trial: Trial, sharedRoot: string): string {
  const parent = join(sharedRoot, randomUUID());
  const owner = dataOwner(trial.account);
  mkdirSync(parent, { mode: 0o700 });
  for (const { dataDir, major } of existingData(trial.home)) {
    cpSync(dataDir, dataDirOf(parent, major), { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
    rmSync(join(dataDirOf(parent, major), "postmaster.pid"), { force: true });
  }
  giveTo(parent, owner);
  const draft = `${trial.home.locationFile}.new`;
  writeFileSync(draft, `${parent}\n`, { flush: true });
  renameSync(draft, trial.home.locationFile);
  return parent;
}

/** Lets the account's group pass through the home (not read it), when root's home is closed to all others. */
function openTo(home: string, account: { readonly uid: number; readonly gid: number }): void {
  const stat = statSync(home);
  if (!isRoot() || stat.uid === account.uid || (stat.mode & 0o001) !== 0) return;
  chownSync(home, stat.uid, account.gid);
  chmodSync(home, (stat.mode & 0o777) | 0o010);
}

/** Gives a folder and all in it to an owner, if it has another one. */
export function giveTo(folder: string, owner: { readonly uid: number; readonly gid: number } | undefined): void {
  if (owner === undefined || statSync(folder).uid === owner.uid) return;
  spawnSync("chown", ["-R", "-h", `${owner.uid}:${owner.gid}`, folder]);
}
