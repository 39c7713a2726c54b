import { createHash } from "node:crypto";
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { AirloomError } from "@airloom/core";
import { isRoot } from "./account.ts";

/** The files of the embedded server in an Airloom home that do not depend on who runs it. */
export interface EmbeddedHome {
  readonly home: string;
  readonly logFile: string;
  readonly lockFile: string;
  readonly usersDir: string;
  /** Names the folder the data was moved to when the server's account cannot reach the home. */
  readonly locationFile: string;
  /** Links to shared libraries, when the npm package is read-only. */
  readonly libraryDir: string;
}

/** A data folder that holds a cluster. */
export interface ExistingData {
  readonly major: number;
  readonly dataDir: string;
}

/** Opens (and on first use creates) the folders of a home. New folders belong to the home's owner, even when made by root. */
export function openHome(path: string): EmbeddedHome {
  const home = resolve(path);
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const logs = makeFolder(home, "logs");
  const run = makeFolder(home, "run");
  const usersDir = makeFolder(run, "db-users");
  return {
    home,
    logFile: makeFile(logs, "postgres.log"),
    lockFile: join(run, "db.lock"),
    usersDir,
    locationFile: join(home, "postgres.location"),
    libraryDir: join(home, "cache", "postgres-libraries"),
  };
}

/** The folder the data lives under: the home, or where `postgres.location` says. */
export function dataParent(home: EmbeddedHome): string {
  try {
    return readFileSync(home.locationFile, "utf8").trim() || home.home;
  } catch {
    return home.home;
  }
}

/** The data folder of a major version; the number is in the name, because versions cannot read each other's data. */
export const dataDirOf = (parent: string, major: number): string => join(parent, `postgres-${major}`);

/**
 * The clusters of a home, newest version first.
 * @throws DATABASE_START_FAILED when one belongs to another user: better than an empty new database beside it.
 */
export function existingData(home: EmbeddedHome): readonly ExistingData[] {
  const parent = dataParent(home);
  const found = namesIn(parent).flatMap((name) => {
    const major = Number(/^postgres-(\d+)$/.exec(name)?.[1] ?? 0);
    const dataDir = join(parent, name);
    if (major === 0) return [];
    assertOwn(dataDir, home.logFile);
    return isCluster(dataDir) ? [{ major, dataDir }] : [];
  });
  return found.sort((a, b) => b.major - a.major);
}

/** Whether a folder holds a whole cluster. Clusters appear by one rename, so the version file means all of it. */
export function isCluster(dataDir: string): boolean {
  return statSync(join(dataDir, "PG_VERSION"), { throwIfNoEntry: false }) !== undefined;
}

/** Longest path of a Unix socket: 107 bytes on Linux, 103 on macOS. */
const longestSocketPath = process.platform === "linux" ? 107 : 103;

/**
 * The folder for the server's socket, which only its owner may enter: whoever reaches the socket is trusted. It stands
 * beside the data, or, when that path is too long for a socket, in the system's folder for temporary files under a name
 * made from the data folder.
 */
export function openSocketDir(
  parent: string,
  dataDir: string,
  owner?: { readonly uid: number; readonly gid: number },
): string {
  const beside = join(parent, "socket");
  const folder = fitsSocket(beside) ? beside : join(shortTmp(), `airloom-${digestOf(dataDir)}`);
  if (isRoot()) removeForeign(folder);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const stat = lstatSync(folder);
  // In the system's folder for temporary files someone else may have made it first, to listen in.
  if (!stat.isDirectory() || stat.uid !== process.getuid?.()) {
    const reason = `${folder} must be a folder of our own, and belongs to uid ${stat.uid}`;
    throw new AirloomError("DATABASE_START_FAILED", { reason, log: "" });
  }
  if (owner && isRoot()) chownSync(folder, owner.uid, owner.gid);
  chmodSync(folder, 0o700);
  return folder;
}

/** Left by a server that ran under another account, or put there by a stranger: either way root makes it anew. */
function removeForeign(folder: string): void {
  const stat = lstatSync(folder, { throwIfNoEntry: false });
  if (stat && (stat.uid !== 0 || !stat.isDirectory())) rmSync(folder, { recursive: true });
}

const fitsSocket = (folder: string): boolean => Buffer.byteLength(join(folder, ".s.PGSQL.5432")) <= longestSocketPath;

function shortTmp(): string {
  return fitsSocket(join(tmpdir(), `airloom-${"0".repeat(16)}`)) ? tmpdir() : "/tmp";
}

/** The inode is part of the name: a home that is deleted and made again must not meet the old server's socket. */
function digestOf(dataDir: string): string {
  const { dev, ino } = statSync(dataDir);
  return createHash("sha256").update(`${dataDir}\0${dev}\0${ino}`).digest("hex").slice(0, 16);
}

function makeFolder(parent: string, name: string): string {
  const folder = join(parent, name);
  if (mkdirSync(folder, { recursive: true, mode: 0o700 }) !== undefined) shareOwner(parent, folder);
  return folder;
}

function makeFile(parent: string, name: string): string {
  const file = join(parent, name);
  if (!existsSync(file)) {
    writeFileSync(file, "", { mode: 0o600, flag: "a" });
    shareOwner(parent, file);
  }
  return file;
}

function shareOwner(parent: string, made: string): void {
  const owner = statSync(parent);
  if (isRoot() && owner.uid !== 0) chownSync(made, owner.uid, owner.gid);
}

function assertOwn(dataDir: string, log: string): void {
  const owner = statSync(dataDir).uid;
  const me = process.getuid?.() ?? owner;
  if (me === 0 || owner === me) return;
  throw new AirloomError("DATABASE_START_FAILED", {
    reason: `${dataDir} belongs to uid ${owner} and this process runs as uid ${me}`,
    log,
  });
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
