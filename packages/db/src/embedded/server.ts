import type { ChildProcess } from "node:child_process";
import { rmdirSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { AirloomError } from "@airloom/core";
import { servesDataDir } from "./postmaster-file.ts";
import { identityOf, stillRuns } from "./process-identity.ts";

/** How a server stops. `smart` waits for its clients, `fast` ends them, `immediate` ends itself and recovers next time. */
export type StopMode = "smart" | "fast" | "immediate";

/** How a server ended. Code and signal are null when another process had started it. */
export interface ServerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A running embedded server. */
export interface EmbeddedServer {
  /** For node-postgres, with the socket folder as host: `postgresql://postgres@/airloom?host=…`. */
  readonly url: string;
  readonly pid: number;
  readonly dataDir: string;
  /** Whether it ran already and was only joined. */
  readonly attached: boolean;
  /** Resolves when the server is no more, for whatever reason. Never rejects; does not keep this process alive. */
  readonly exited: Promise<ServerExit>;
  /** Stops the server for everybody who uses it, and resolves when it is gone. Safe twice. @default "fast" */
  stop(mode?: StopMode): Promise<void>;
}

export const databaseName = "airloom";

/** The connection URL of a database behind a socket folder. */
export const socketUrl = (socketDir: string, database = databaseName): string =>
  `postgresql://postgres@/${database}?host=${encodeURIComponent(socketDir)}`;

interface RunningServer {
  readonly pid: number;
  readonly dataDir: string;
  readonly socketDir: string;
  /** The process we spawned ourselves; without it the server is watched by its pid. */
  readonly child?: ChildProcess;
}

/** Wraps a server that accepts connections. */
export function embeddedServer(running: RunningServer): EmbeddedServer {
  const { pid, dataDir, child } = running;
  return {
    url: socketUrl(running.socketDir),
    pid,
    dataDir,
    attached: child === undefined,
    exited: child ? childExit(child) : watchExit(pid),
    async stop(mode = "fast") {
      await stopServer(pid, dataDir, mode);
      removeTemporary(running);
    },
  };
}

/** A socket folder outside the home (its path was too long) would otherwise stay behind. */
function removeTemporary({ socketDir, dataDir }: RunningServer): void {
  if (socketDir.startsWith(dirname(dataDir))) return;
  try {
    rmdirSync(socketDir);
  } catch {
    // Not empty: the next server stands in it already.
  }
}

/** Resolves when a process that is our child has ended. */
export function childExit(child: ChildProcess): Promise<ServerExit> {
  if (child.exitCode !== null || child.signalCode !== null) {
    return Promise.resolve({ code: child.exitCode, signal: child.signalCode });
  }
  return new Promise((resolve) => child.once("exit", (code, signal) => resolve({ code, signal })));
}

/** How often a server that is not our child is looked at. Milliseconds. */
const watchEvery = 100;

function watchExit(pid: number): Promise<ServerExit> {
  const identity = identityOf(pid);
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (identity && stillRuns(identity)) return;
      clearInterval(timer);
      resolve({ code: null, signal: null });
    }, watchEvery);
    timer.unref();
  });
}

const stopSignals = { smart: "SIGTERM", fast: "SIGINT", immediate: "SIGQUIT" } as const satisfies Record<
  StopMode,
  NodeJS.Signals
>;

/** How long a mode may take before the next harder one. A `smart` stop waits for clients as long as they stay. Milliseconds. */
const stopPatience = { smart: Number.POSITIVE_INFINITY, fast: 30_000, immediate: 10_000 } as const satisfies Record<
  StopMode,
  number
>;

async function stopServer(pid: number, dataDir: string, mode: StopMode): Promise<void> {
  const identity = identityOf(pid);
  if (!identity || !servesDataDir(pid, dataDir)) return;
  const modes: readonly StopMode[] = mode === "immediate" ? ["immediate"] : [mode, "immediate"];
  const steps = modes.map((step) => ({ signal: stopSignals[step], patience: stopPatience[step] }));
  for (const { signal, patience } of [...steps, { signal: "SIGKILL" as const, patience: 10_000 }]) {
    process.kill(pid, signal);
    const deadline = performance.now() + patience;
    while (stillRuns(identity) && performance.now() < deadline) await sleep(5);
    if (!stillRuns(identity)) return;
  }
  throw new AirloomError("DATABASE_STOP_FAILED", { pid });
}
