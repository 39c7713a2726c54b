import childProcess, { ChildProcess } from "node:child_process";
import { syncBuiltinESMExports } from "node:module";
import type { Worker } from "node:worker_threads";
import { markers } from "../protocol/messages.ts";
import { type AttemptScope, current, scopeNow } from "./attempt-scope.ts";

interface SpawnOptions {
  envPairs?: string[];
}

interface Spawning {
  spawn(options: SpawnOptions): unknown;
}

/** Notes the processes and threads of an attempt, and marks the processes so that they are found wherever they went. */
export function watchProcesses(): void {
  // All asynchronous ways to start a process end here.
  const prototype = ChildProcess.prototype as unknown as Spawning;
  const { spawn } = prototype;
  prototype.spawn = function (this: ChildProcess, options) {
    const scope = spawning();
    if (scope) {
      scope.processes.add(this);
      this.once("exit", () => scope.processes.delete(this));
      mark(options, scope);
    }
    return spawn.call(this as unknown as Spawning, options);
  };
  const sync = childProcess as unknown as Record<string, (...args: readonly unknown[]) => unknown>;
  for (const name of ["spawnSync", "execSync", "execFileSync"]) {
    const call = sync[name] as (...args: readonly unknown[]) => unknown;
    sync[name] = (...args) => {
      spawning();
      return call(...args);
    };
  }
  syncBuiltinESMExports();
  process.on("worker", (thread: Worker) => {
    const scope = spawning();
    scope?.threads.add(thread);
    thread.once("exit", () => scope?.threads.delete(thread));
  });
}

function spawning(): AttemptScope | null {
  const scope = scopeNow();
  if (!scope) return null;
  scope.spawned = true;
  if (scope.over) current.late("it started a process after it had ended");
  return scope;
}

/** Also where the author gave an environment of their own. */
function mark(options: SpawnOptions, scope: AttemptScope): void {
  const pairs = options.envPairs;
  if (!pairs) return;
  const wanted = { [markers.attempt]: scope.marker, ...inherited };
  for (const [name, value] of Object.entries(wanted)) {
    if (!pairs.some((pair) => pair.startsWith(`${name}=`))) pairs.push(`${name}=${value}`);
  }
}

const inherited = Object.fromEntries(
  [markers.child, markers.supervisor].map((name) => [name, process.env[name] ?? ""] as const),
);

/** What an attempt started that still runs, in words. */
export function leftRunning({ processes, threads }: AttemptScope): readonly string[] {
  const alive = [...processes].filter(({ exitCode, signalCode, pid }) => pid && exitCode === null && !signalCode);
  return [
    ...(alive.length > 0 ? [`it left ${alive.length} process(es) running`] : []),
    ...(threads.size > 0 ? [`it left ${threads.size} worker thread(s) running`] : []),
  ];
}
