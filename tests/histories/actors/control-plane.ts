import { randomUUID } from "node:crypto";
import { createPostgresStore } from "@airloom/db";
import { createFinishLanes, createVersions, defaultRunsSettings, type FinishLanes, type RunsDeps } from "@airloom/runs";
import { createScheduler } from "@airloom/scheduler";
import { realTimers } from "@airloom/testkit";
import type { CallLog } from "../call-log.ts";
import type { Chance } from "../chance.ts";
import { slowStore } from "../slow-store.ts";

/** What every actor gets. */
export interface Surroundings {
  readonly url: string;
  readonly chance: Chance;
  readonly log: CallLog;
  /** Nothing is done to anybody any more, and whoever has work does it. */
  readonly isCalm: () => boolean;
  /** Workers go home. */
  readonly isOver: () => boolean;
  readonly graceMs: number;
  /** Keys of the newest runs. */
  readonly recentRuns: () => readonly number[];
  /** How many runs of a Dag have not ended. */
  readonly unfinished: (dagId: string) => number;
}

/** An API server without HTTP: connections of its own, and what it remembers. */
export interface Api {
  readonly name: string;
  readonly deps: RunsDeps;
  readonly lanes: FinishLanes;
  close(): Promise<void>;
}

export interface ControlOptions {
  readonly name: string;
  readonly connections: number;
  readonly leaseMs: number;
}

function depsOf({ url, chance, log, isCalm, graceMs }: Surroundings, options: ControlOptions): RunsDeps {
  const { name, connections, leaseMs } = options;
  const store = slowStore(createPostgresStore({ url, poolSize: connections, applicationName: name }), {
    chance: chance.fork(name),
    onError: (error) => log.failed(name, error),
    isCalm,
  });
  const settings = { ...defaultRunsSettings, defaultExecutor: "left", leaseMs, graceMs };
  return { store, versions: createVersions(), newId: () => randomUUID(), settings, tell: () => {} };
}

export function createApi(at: Surroundings, options: ControlOptions): Api {
  const deps = depsOf(at, options);
  return { name: options.name, deps, lanes: createFinishLanes(deps), close: () => deps.store.close() };
}

/** A scheduler with all its loops. */
export function createSchedulerActor(at: Surroundings, options: ControlOptions) {
  const deps = depsOf(at, options);
  const scheduler = createScheduler({
    ...deps,
    timers: realTimers,
    identity: { id: options.name, hostname: "test", pid: 1 },
    log: () => {},
    schedule: { pollMs: 250, rescueMs: 100, heartbeatMs: 1_000 },
  });
  return {
    start: () => scheduler.start(),
    stop: async () => {
      await scheduler.stop("the history is over");
      await deps.store.close();
    },
  };
}
