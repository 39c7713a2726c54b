import { createLocalExecutor, createSequentialExecutor } from "@airloom/executors";
import { cloneStore, executorContract } from "@airloom/testkit";

executorContract("local", 6, async () => ({
  ...(await cloneStore()),
  make: (store, timers) => createLocalExecutor({ store, timers, parallelism: 6 }),
}));

executorContract("sequential", 1, async () => ({
  ...(await cloneStore()),
  make: (store, timers) => createSequentialExecutor({ store, timers }),
}));
