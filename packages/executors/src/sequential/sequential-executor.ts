import type { Timers } from "@airloom/core";
import type { Store } from "@airloom/store";
import type { Executor } from "../executor.ts";
import { createPulledExecutor } from "../pulled-executor.ts";

/** One task at a time, whatever else would fit: for debugging, and for tasks that must not meet. */
export const createSequentialExecutor = (deps: { readonly store: Store; readonly timers: Timers }): Executor =>
  createPulledExecutor({ ...deps, name: "sequential", parallelism: 1 });
