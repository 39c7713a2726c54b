import { rmSync } from "node:fs";
import type { Service, Timers } from "@airloom/core";
import { createBundler } from "./bundle/bundle-file.ts";
import { stopEsbuild } from "./bundle/run-esbuild.ts";
import { createGoneFiles } from "./gone-files.ts";
import { keepSession } from "./keep-session.ts";
import { loadFolder } from "./load/artifact-folder.ts";
import { killOrphans } from "./load/left-processes.ts";
import { createParseChildren } from "./load/parse-children.ts";
import { look, noteChange } from "./look.ts";
import { childStart } from "./parse-once.ts";
import type { Processor, ProcessorEvent } from "./processor.ts";
import { openProject } from "./project.ts";
import { createPublisher, type PublishContract } from "./publish-report.ts";
import { createSchedule, type Schedule } from "./schedule.ts";
import { type ProcessorSettings, resolveProcessorSettings } from "./settings.ts";
import { watchFolders } from "./watch/watch-folders.ts";

export interface DagProcessorOptions {
  readonly contract: PublishContract;
  /** Root of the author's project. */
  readonly projectDir: string;
  /** Relative to the project, or absolute. It may come later. */
  readonly dagsFolder: string;
  /** For artifacts while they are loaded. */
  readonly cacheDir: string;
  /** The built parse child. */
  readonly childPath: string;
  readonly timers: Timers;
  readonly log?: (event: ProcessorEvent) => void;
  readonly settings?: Partial<ProcessorSettings>;
}

/** esbuild's process is given up after so long without work. */
const esbuildIdleMs = 30_000;

/**
 * Keeps what is published in step with the files of a Dags folder: looks, bundles, loads, publishes.
 * @example
 * const processor = createDagProcessor({ contract, projectDir, dagsFolder: "dags", cacheDir, childPath, timers });
 * await processor.start();
 */
export function createDagProcessor(options: DagProcessorOptions): Service {
  let stops: (() => void)[] = [];
  let processor: Processor | null = null;
  return {
    name: "dag-processor",
    async start() {
      killOrphans();
      const schedule = createSchedule(options.timers);
      const started = assemble(options, schedule);
      processor = started;
      schedule.run = () => look(started);
      const sessions = keepSession(started, options.timers);
      stops = [schedule.stop, sessions.stop];
      await sessions.first;
    },
    async stop() {
      if (!processor || processor.stopping) return;
      processor.stopping = true;
      for (const stop of stops) stop();
      processor.watch.close();
      await processor.children.close();
      rmSync(processor.loadFolder, { recursive: true, force: true });
      await stopEsbuild();
    },
  };
}

function assemble(options: DagProcessorOptions, schedule: Schedule): Processor {
  const settings = resolveProcessorSettings(options.settings);
  const project = openProject(options);
  const start = childStart(project, options.childPath, settings);
  const log = options.log ?? (() => undefined);
  const processor: Processor = {
    project,
    settings,
    contract: options.contract,
    log: (event) => {
      // Work may have begun since, and last: builds that are on their way would lose their process.
      if (event.kind === "idle") schedule.whenQuiet(esbuildIdleMs, () => void (processor.active || stopEsbuild()));
      log(event);
    },
    bundler: createBundler(project, settings),
    children: createParseChildren({ start, timeoutMs: settings.fileTimeoutMs, parallel: settings.parallel }),
    publisher: createPublisher(options.contract),
    // A moment, because one save is several events.
    watch: watchFolders(() => {
      noteChange(processor);
      schedule.lookIn(20);
    }),
    watched: new Set(),
    gone: createGoneFiles(settings.goneMs, Date.now),
    loadFolder: loadFolder(project),
    files: new Map(),
    unsettled: new Map(),
    queue: [],
    inFlight: new Set(),
    session: null,
    lookIn: schedule.lookIn,
    idsFreed: false,
    stopping: false,
    changes: 0,
    refreshedAt: Date.now(),
    listTrouble: null,
    reportingGone: false,
    nextFolder: 1,
    active: true,
  };
  return processor;
}
