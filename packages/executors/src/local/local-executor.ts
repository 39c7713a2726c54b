import type { Timers } from "@airloom/core";
import type { Store } from "@airloom/store";
import type { Executor } from "../executor.ts";
import { createPulledExecutor } from "../pulled-executor.ts";

/** Runs tasks in warm child processes of this machine. @param parallelism 0 = no limit. @default 32, as Airflow */
export const createLocalExecutor = (deps: {
  readonly store: Store;
  readonly timers: Timers;
  readonly parallelism?: number;
}): Executor => createPulledExecutor({ ...deps, name: "local", parallelism: deps.parallelism ?? 32 });
