import { createExecution, createSecrets, type ExecutionDeps } from "@airloom/api";
import type { Timers } from "@airloom/core";
import type { Store } from "@airloom/store";
import type { ExecutionContract } from "@airloom/wire";
import { type RunsUnderTest, runsOver } from "../runs/drive-runs.ts";

/** Waiting by the clock of this machine. */
export const realTimers: Timers = {
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

/** The control half of the execution contract over a store, in this process, with all it is made of. */
export interface ExecutionOver {
  readonly deps: ExecutionDeps;
  readonly execution: ExecutionContract;
  readonly runs: RunsUnderTest;
}

/** @example const { execution } = executionOver(store, { environment: { AIRLOOM_VAR_REGION: "eu" } }); */
export function executionOver(store: Store, given: Partial<ExecutionDeps> = {}): ExecutionOver {
  const runs = runsOver(store);
  const deps: ExecutionDeps = {
    ...runs.deps,
    lanes: runs.lanes,
    secrets: createSecrets([new Uint8Array(32)]),
    terms: { heartbeatMs: 5_000, leaseMs: 30_000, marginMs: 8_000, killGraceMs: 5_000 },
    host: { hostname: "test", bootId: "test" },
    isDead: () => false,
    environment: {},
    dagsPausedAtCreation: false,
    maxLogBytesPerAttempt: 1_000_000,
    maxXComBytes: 10_000_000,
    timers: realTimers,
    ...given,
  };
  return { deps, execution: createExecution(deps), runs };
}
