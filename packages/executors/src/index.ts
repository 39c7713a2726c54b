export type { Executor, ExecutorReport } from "./executor.ts";
export { createLocalExecutor } from "./local/local-executor.ts";
export { createSequentialExecutor } from "./sequential/sequential-executor.ts";
