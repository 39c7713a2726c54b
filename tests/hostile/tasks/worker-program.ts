import { createWorker, type WorkerSettings } from "@airloom/task-runner";
import { contractOver } from "../contract-over.ts";

/** What the worker's process is told on its command line. */
export interface WorkerStart {
  readonly cacheDir: string;
  readonly projectRoot: string;
  readonly childPath: string;
  readonly slots: number;
  readonly settings: Partial<WorkerSettings>;
}

/** A worker in a process of its own: its memory is nobody else's, and a task that kills it kills nothing else. */
const start = JSON.parse(process.argv[2] ?? "{}") as WorkerStart;
const worker = createWorker({
  ...start,
  contract: contractOver((message) => process.send?.(message)),
  executor: "local",
  queues: ["default"],
  log: (level, message, fields) =>
    process.send?.({ kind: "log", line: `${level} ${message} ${JSON.stringify(fields)}` }),
});
process.once("disconnect", () => process.exit(0));
process.once("SIGTERM", () => {
  void worker.stop("told to").then(() => process.exit(0));
});
await worker.start();
process.send?.({ kind: "started" });
