import { setTimeout as sleep } from "node:timers/promises";
import { AirloomError } from "@airloom/core";
import { withHomeLock } from "./home-lock.ts";
import type { EmbeddedServer } from "./server.ts";
import { capServerLog } from "./server-log.ts";
import {
  attachOrStart,
  type EmbeddedOptions,
  findServer,
  type ResolvedOptions,
  resolveEmbeddedOptions,
} from "./start.ts";
import { enterUser, presentUsers, type ServerUser } from "./users.ts";

/** Keeps the server of a home running for as long as somebody uses it. */
export interface EmbeddedSupervisor extends AsyncDisposable {
  /** The connection URL; stays the same over restarts. Only once started. */
  readonly url: string;
  /** Resolves once the server accepts connections. */
  start(): Promise<void>;
  /** Takes this user's name off the list; the last one stops the server. Resolves once that is done. Safe twice. */
  stop(reason: string): Promise<void>;
}

/** The wait before a restart: doubles from the first to the last while the server does not stay up. Milliseconds. */
const firstDelay = 100;
const lastDelay = 2_000;
/** A server that ran this long counts as healthy again. Milliseconds. */
const healthyAfter = 10_000;
const logCheckEvery = 60_000;

/**
 * Uses the server of a home together with all other processes that do: the first starts it, everyone restarts it when it
 * was killed (one wins, the others attach), the last to leave stops it. Users are files in `<home>/run/db-users`; those
 * of dead processes do not count.
 * @example
 * await using database = superviseEmbedded({ home: ".airloom" });
 * await database.start();
 */
export function superviseEmbedded(options: EmbeddedOptions): EmbeddedSupervisor {
  let session: Promise<Session> | undefined;
  let server: EmbeddedServer | undefined;
  let stopped: Promise<void> | undefined;
  const stop = (reason: string): Promise<void> => {
    stopped ??= session
      ? session.then(
          (opened) => closeSession(opened, reason),
          () => {},
        )
      : Promise.resolve();
    return stopped;
  };
  return {
    get url() {
      if (server) return server.url;
      throw new AirloomError("CONFLICT", { reason: "the database supervisor is not started" });
    },
    async start() {
      session ??= openSession(resolveEmbeddedOptions(options), (current) => {
        server = current;
      });
      try {
        await session;
      } catch (error) {
        session = undefined;
        throw error;
      }
    },
    stop,
    [Symbol.asyncDispose]: () => stop("disposed"),
  };
}

interface Session {
  readonly options: ResolvedOptions;
  readonly user: ServerUser;
  readonly leaving: AbortController;
  readonly watching: Promise<void>;
  readonly logCheck: NodeJS.Timeout;
}

type Report = (server: EmbeddedServer) => void;

async function openSession(options: ResolvedOptions, report: Report): Promise<Session> {
  const { user, server } = await withHomeLock(options.home.lockFile, async () => {
    const entered = enterUser(options.home.usersDir);
    try {
      return { user: entered, server: await attachOrStart(options, "create") };
    } catch (error) {
      entered.leave();
      throw error;
    }
  });
  report(server);
  const leaving = new AbortController();
  // This timer also keeps a process alive that does nothing but serve the database.
  const logCheck = setInterval(() => capServerLog(options.home.logFile), logCheckEvery);
  return {
    options,
    user,
    leaving,
    logCheck,
    watching: keepRunning(options, { server, report, signal: leaving.signal }),
  };
}

async function keepRunning(
  options: ResolvedOptions,
  watch: { server: EmbeddedServer; report: Report; signal: AbortSignal },
): Promise<void> {
  let server: EmbeddedServer | undefined = watch.server;
  let delay = firstDelay;
  const leaving = aborted(watch.signal);
  while (!watch.signal.aborted) {
    if (server) {
      const began = performance.now();
      const exit = await Promise.race([server.exited, leaving]);
      if (exit === "aborted") return;
      if (performance.now() - began > healthyAfter) delay = firstDelay;
      options.log(
        `PostgreSQL (pid ${server.pid}) ended: ${exit.signal ?? `code ${exit.code ?? "unknown"}`}; restarting`,
      );
    }
    if ((await pause(delay, watch.signal)) === "aborted") return;
    delay = Math.min(delay * 2, lastDelay);
    server = await restart(options);
    if (server) watch.report(server);
  }
}

async function restart(options: ResolvedOptions): Promise<EmbeddedServer | undefined> {
  try {
    return await withHomeLock(options.home.lockFile, () => attachOrStart(options, "refuse"));
  } catch (error) {
    options.log(
      `PostgreSQL could not be restarted, trying again: ${error instanceof Error ? error.message : String(error)}`,
    );
    return undefined;
  }
}

async function closeSession(session: Session, reason: string): Promise<void> {
  const { options, user, leaving, logCheck, watching } = session;
  leaving.abort();
  clearInterval(logCheck);
  await watching;
  await withHomeLock(options.home.lockFile, async () => {
    user.leave();
    const others = presentUsers(options.home.usersDir);
    if (others.length > 0) return options.log(`left PostgreSQL running for pid ${others.join(", ")} (${reason})`);
    await stopRunning(options);
    options.log(`PostgreSQL stopped (${reason})`);
  });
}

/** Asks the home, not the session: the server may have been restarted by someone else since. */
async function stopRunning(options: ResolvedOptions): Promise<void> {
  await (await findServer(options))?.stop("fast");
}

function aborted(signal: AbortSignal): Promise<"aborted"> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve("aborted");
    signal.addEventListener("abort", () => resolve("aborted"), { once: true });
  });
}

async function pause(ms: number, signal: AbortSignal): Promise<"aborted" | "waited"> {
  try {
    await sleep(ms, undefined, { signal });
    return "waited";
  } catch {
    return "aborted";
  }
}
