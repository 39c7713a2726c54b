import { createDagProcessor, type ProcessorSettings } from "@airloom/dag-processor";
import { contractOver } from "../contract-over.ts";

/** What the processor's process is told on its command line. */
export interface ProcessorStart {
  readonly projectDir: string;
  readonly cacheDir: string;
  readonly childPath: string;
  readonly settings: Partial<ProcessorSettings>;
}

/** A dag-processor in a process of its own: its memory is nobody else's, and a file that kills it kills nothing else. */
const start = JSON.parse(process.argv[2] ?? "{}") as ProcessorStart;
const processor = createDagProcessor({
  ...start,
  dagsFolder: "dags",
  contract: contractOver((message) => process.send?.(message)),
  timers: {
    after(ms, callback) {
      const timer = setTimeout(callback, ms);
      return () => clearTimeout(timer);
    },
  },
  log: (event) => process.send?.({ kind: "event", event }),
});
process.once("disconnect", () => process.exit(0));
process.once("SIGTERM", () => {
  void processor.stop("told to").then(() => process.exit(0));
});
await processor.start();
process.send?.({ kind: "started" });
