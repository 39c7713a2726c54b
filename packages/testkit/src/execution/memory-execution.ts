import { createExecution, createSecrets } from "@airloom/api";
import { createMemoryStore, type Store } from "@airloom/store";
import type { ExecutionContract } from "@airloom/wire";
import { runsOver } from "../runs/drive-runs.ts";

/** The control half of the execution contract over the in-memory store: all of it but the database. */
export function memoryExecution(): { readonly execution: ExecutionContract; readonly store: Store } {
  const store = createMemoryStore({ clock: { now: () => new Date() } });
  const { deps, lanes } = runsOver(store);
  const execution = createExecution({
    ...deps,
    lanes,
    secrets: createSecrets([new Uint8Array(32)]),
    terms: { heartbeatMs: 5_000, leaseMs: 30_000, marginMs: 8_000, killGraceMs: 5_000 },
    host: { hostname: "test", bootId: "test" },
    isDead: () => false,
    environment: {},
    dagsPausedAtCreation: false,
    maxLogBytesPerAttempt: 1_000_000,
    timers: {
      after(ms, callback) {
        const timer = setTimeout(callback, ms);
        return () => clearTimeout(timer);
      },
    },
  });
  return { execution, store };
}
