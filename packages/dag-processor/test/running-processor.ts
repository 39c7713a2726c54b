import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDagProcessor, type ProcessorEvent, type ProcessorSettings } from "@airloom/dag-processor";
import { builtFile, memoryExecution } from "@airloom/testkit";
import { writeTree } from "./write-tree.ts";

const timers = {
  after(ms: number, callback: () => void) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

/** A project with a processor that publishes to the control half over the in-memory store. */
export async function runningProcessor(
  files: Readonly<Record<string, string>>,
  settings: Partial<ProcessorSettings> = {},
) {
  const projectDir = realpathSync(mkdtempSync(join(tmpdir(), "airloom-dags-")));
  writeTree(projectDir, { "package.json": `{"type":"module"}`, ...files });
  const control = memoryExecution();
  const events = eventLog();
  const childPath = await builtFile("parse-child");
  const make = () =>
    createDagProcessor({
      contract: control.execution,
      projectDir,
      dagsFolder: "dags",
      cacheDir: join(projectDir, ".airloom/cache"),
      childPath,
      timers,
      log: events.add,
      settings: { settleMs: 60, goneMs: 100, sessionMs: 100, fileTimeoutMs: 10_000, ...settings },
    });
  let processor = make();
  await processor.start();
  return {
    projectDir,
    ...control,
    events,
    write: (changed: Readonly<Record<string, string>>) => writeTree(projectDir, changed),
    dag: (dagId: string) => control.store.tx((tx) => tx.findDag(dagId)),
    version: (dagId: string) =>
      control.store.tx(async (tx) => {
        const dag = await tx.findDag(dagId);
        return dag && tx.findVersion(dag.versionId);
      }),
    file: (file: string) => control.store.tx((tx) => tx.findDagFile(file)),
    async restart() {
      await processor.stop("test");
      processor = make();
      await processor.start();
    },
    async [Symbol.asyncDispose]() {
      await processor.stop("test");
      rmSync(projectDir, { recursive: true, force: true });
    },
  };
}

type EventKind = ProcessorEvent["kind"];
type EventOf<K extends EventKind> = Extract<ProcessorEvent, { kind: K }>;

/** Keeps events in order. `next` takes all up to the first that fits. */
function eventLog() {
  const events: ProcessorEvent[] = [];
  let wake = (): void => undefined;
  return {
    add(event: ProcessorEvent): void {
      events.push(event);
      wake();
    },
    /** @param fits Default: any of the kind. */
    async next<K extends EventKind>(kind: K, fits: (event: EventOf<K>) => boolean = () => true): Promise<EventOf<K>> {
      for (;;) {
        for (let event = events.shift(); event; event = events.shift()) {
          if (event.kind === kind && fits(event as EventOf<K>)) return event as EventOf<K>;
        }
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    /** All that came so far. */
    take: (): readonly ProcessorEvent[] => events.splice(0),
  };
}
