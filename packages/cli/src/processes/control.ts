import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { createExecution, createSecrets, type ExecutionDeps, type Secrets } from "@airloom/api";
import type { Timers } from "@airloom/core";
import { createPostgresStore, ownIdentity, type PostgresStore, stillRuns } from "@airloom/db";
import {
  createFinishLanes,
  createVersions,
  defaultRunsSettings,
  type RunEvent,
  type RunsSettings,
} from "@airloom/runs";
import type { Store } from "@airloom/store";
import type { ExecutionContract } from "@airloom/wire";
import type { Config } from "../config/options.ts";
import { storeWithFailpoints } from "../failpoints/surround.ts";
import { type Home, homeKey } from "../home/home.ts";
import { uuidv7 } from "./uuid.ts";

/** Zone A in one process: the store, the moves, the execution contract. Holds the keys; runs nobody's code. */
export interface Control<Kept extends Store = PostgresStore> {
  readonly store: Kept;
  readonly deps: ExecutionDeps;
  readonly execution: ExecutionContract;
  readonly secrets: Secrets;
  readonly timers: Timers;
  close(): Promise<void>;
}

export interface ControlOptions {
  readonly url: string;
  readonly config: Config;
  readonly home: Home;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly tell: (event: RunEvent) => void;
}

export const realTimers: Timers = {
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

export function createControl(options: ControlOptions): Control {
  const store = createPostgresStore({ url: options.url, poolSize: options.config.database.poolSize });
  return createControlOver(globalThis.FAILPOINTS ? storeWithFailpoints(store) : store, options);
}

/** Over any store: a run on the spot keeps nothing, so its store is in memory. */
export function createControlOver<Kept extends Store>(
  store: Kept,
  { config, home, environment, tell }: Omit<ControlOptions, "url">,
): Control<Kept> {
  const secrets = createSecrets(keysOf(config.security.encryptionKey || homeKey(home, "encryption")));
  const { bootId } = ownIdentity();
  const runs = {
    store,
    versions: createVersions(),
    newId: () => uuidv7(Date.now(), randomBytes(10)),
    settings: runsSettings(config),
    tell,
  };
  const deps: ExecutionDeps = {
    ...runs,
    lanes: createFinishLanes(runs),
    secrets,
    terms: termsOf(config),
    host: { hostname: hostname(), bootId },
    isDead: ({ pid, startTicks }) => !stillRuns({ pid, startTime: startTicks, bootId }),
    environment,
    dagsPausedAtCreation: config.core.dagsArePausedAtCreation,
    // The worker cuts at the limit, by the text alone, and adds the last words. This is the wall behind it, counted as stored.
    maxLogBytesPerAttempt: 4 * config.logging.maxBytesPerAttempt,
    maxXComBytes: config.xcom.maxBytes,
    timers: realTimers,
  };
  return { store, deps, execution: createExecution(deps), secrets, timers: realTimers, close: () => store.close() };
}

const runsSettings = ({ workers, core, xcom }: Config): RunsSettings => ({
  ...defaultRunsSettings,
  defaultExecutor: core.executor,
  maxMapLength: core.maxMapLength,
  leaseMs: workers.leaseSeconds * 1_000,
  graceMs: workers.graceSeconds * 1_000,
  inlineValueBytes: xcom.inlineBytes,
});

const termsOf = ({ workers }: Config): ExecutionDeps["terms"] => ({
  heartbeatMs: workers.heartbeatSeconds * 1_000,
  leaseMs: workers.leaseSeconds * 1_000,
  marginMs: workers.marginSeconds * 1_000,
  killGraceMs: workers.killGraceSeconds * 1_000,
});

/** Base64 keys, separated by commas, newest first. */
const keysOf = (text: string): Uint8Array[] => text.split(",").map((key) => Buffer.from(key.trim(), "base64"));
