import { AsyncLocalStorage } from "node:async_hooks";
import type { ChildProcess } from "node:child_process";
import type { Worker } from "node:worker_threads";

/** What one attempt did to the process, followed through all that it started. */
export interface AttemptScope {
  /** Value of the attempt's marker. */
  readonly marker: string;
  /** Timers it made, each with where. */
  readonly timers: Map<object, { readonly stack?: string }>;
  readonly processes: Set<ChildProcess>;
  readonly threads: Set<Worker>;
  /** Waits of `node:timers/promises` that have not ended. */
  pendingWaits: number;
  spawned: boolean;
  /** Its outcome is decided: whatever shows now came too late. */
  over: boolean;
  failed: boolean;
  /** Names of the `console.group`s that are open. */
  readonly groups: string[];
  /** Decides the attempt: an error that nobody waited for. */
  readonly fail: (error: unknown) => void;
}

/** The attempt to which the code that runs now belongs, also in callbacks that outlive it. */
export const scopes = new AsyncLocalStorage<AttemptScope>();

/** What the process is doing now. */
export const current: { attempt: AttemptScope | null; late: (reason: string) => void } = {
  attempt: null,
  late: () => undefined,
};

export function makeScope(marker: string, fail: (error: unknown) => void): AttemptScope {
  return {
    marker,
    timers: new Map(),
    processes: new Set(),
    threads: new Set(),
    pendingWaits: 0,
    spawned: false,
    over: false,
    failed: false,
    groups: [],
    fail,
  };
}

/** The attempt that is to answer for the code that runs now: its own, else the one that runs. */
export const scopeNow = (): AttemptScope | null => scopes.getStore() ?? current.attempt;
