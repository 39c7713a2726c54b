import { checkConf } from "@airloom/api";
import { AirloomError, type DagSpec, type JsonObject, parseTimetable } from "@airloom/core";
import {
  admitWaiting,
  advanceWokenRuns,
  createRun,
  failTimedOutRuns,
  type RunEvent,
  rescueExpired,
  startRuns,
  wakeDueRuns,
} from "@airloom/runs";
import { createMemoryStore, type Store } from "@airloom/store";
import type { LogRecord } from "@airloom/wire";
import { type Control, createControlOver } from "../processes/control.ts";
import type { ProcessContext } from "../processes/process-context.ts";
import { startServices } from "../processes/run-services.ts";
import type { FoundDag } from "./find-dag-file.ts";
import { createTrialWorker, listening, readParts, withTrialFolder } from "./trial-worker.ts";

export interface TrialRunOptions {
  readonly context: ProcessContext;
  readonly dag: FoundDag;
  readonly logicalDate: Date | null;
  readonly conf: JsonObject;
  readonly onEvent: (event: RunEvent) => void;
  readonly onLog: (task: string, record: LogRecord) => void;
  /** Ends the run early: what runs is killed. */
  readonly signal: AbortSignal;
}

export interface TrialResult {
  readonly state: string;
  readonly tasks: readonly {
    readonly task_id: string;
    readonly map_index: number;
    readonly state: string;
    readonly try_number: number;
  }[];
}

/** One run from start to end on a store in memory: real processes, real moves, nothing kept. */
export function trialRun(options: TrialRunOptions): Promise<TrialResult> {
  const { context, dag, onEvent, onLog } = options;
  return withTrialFolder(context, async (folder) => {
    const store = createMemoryStore({ clock: { now: () => new Date() } });
    const control = createControlOver(store, { ...context, tell: onEvent });
    await publish(control, dag);
    const contract = listening(control.execution, onLog);
    const queues = [...new Set(dag.spec.tasks.map(({ queue }) => queue))];
    const workers = executorsOf(dag.spec, context).map((executor) =>
      createTrialWorker({ context, contract, executor, queues, cacheDir: folder }),
    );
    const stop = await startServices(workers);
    try {
      const runKey = await begin(control, options);
      await drive(control, runKey, options.signal);
      return await resultOf(store, runKey);
    } finally {
      await stop("the test has ended");
      await store.close();
    }
  });
}

type MemoryControl = Control<Store>;

const executorsOf = (spec: DagSpec, { config }: ProcessContext): readonly string[] => [
  ...new Set(spec.tasks.map(({ executor }) => executor ?? config.core.executor)),
];

async function publish({ store, execution }: MemoryControl, dag: FoundDag): Promise<void> {
  for (const [hash, bytes] of await readParts(dag)) await execution.putPart(hash, bytes);
  await execution.publish({ ...dag.report, dags: dag.report.dags.filter(({ dagId }) => dagId === dag.spec.dagId) });
  await store.tx(async (tx) => {
    await tx.setPaused([dag.spec.dagId], false);
    // Pools are the installation's, and this one has none: a test must not wait for slots of a pool that nobody made here.
    for (const name of new Set(dag.spec.tasks.map(({ pool }) => pool)))
      await tx.insertPool({ name, slots: -1, description: null, includeDeferred: false });
    for (const { executor } of dag.spec.tasks)
      if (executor !== null && executor !== "sequential") await tx.upsertExecutor({ name: executor, parallelism: 0 });
  });
}

async function begin({ store, deps }: MemoryControl, { dag, logicalDate, conf }: TrialRunOptions): Promise<number> {
  const { spec } = dag;
  if (spec.needsLogicalDate && !logicalDate)
    throw new AirloomError("CLI_USAGE", { reason: `${spec.dagId} reads run.logicalDate: give the run a date.` });
  checkConf(spec, conf);
  const interval = logicalDate && parseTimetable(spec.schedule).manualInterval(logicalDate);
  const run = await store.tx(async (tx) => {
    const row = await tx.findDag(spec.dagId);
    if (!row) throw new AirloomError("NOT_FOUND", { what: `Dag "${spec.dagId}"` });
    const version = await deps.versions.load(tx, row.versionId);
    return createRun(
      { tx, deps, version },
      {
        runId: "test",
        runType: "manual",
        logicalDate,
        intervalStart: interval?.start ?? null,
        intervalEnd: interval?.end ?? null,
        runAfter: tx.now,
        conf,
        triggeredBy: "test",
        triggeringUser: null,
        note: null,
      },
    );
  });
  return run?.id ?? 0;
}

/** Milliseconds between looks without a hint: for what is due at a time, such as a retry. */
const pollMs = 200;

/** What the scheduler's loops do, for one run, until it has ended. */
async function drive({ store, deps, timers }: MemoryControl, runKey: number, signal: AbortSignal): Promise<void> {
  let wake: () => void = () => {};
  const stopHints = (["queued", "wakeup", "admission", "runs"] as const).map((topic) =>
    store.onHint(topic, () => wake()),
  );
  signal.addEventListener("abort", () => wake());
  try {
    while (!signal.aborted) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      let moved = 0;
      do {
        moved = (await startRuns(deps)) + (await advanceWokenRuns(deps)) + (await wakeDueRuns(deps));
        moved += (await admitWaiting(deps)) + (await failTimedOutRuns(deps)) + (await rescueExpired(deps));
      } while (moved > 0);
      const [run] = await store.tx((tx) => tx.listRunsByKey([runKey]));
      if (!run || run.state === "success" || run.state === "failed") return;
      const forget = timers.after(pollMs, () => wake());
      await woken;
      forget();
    }
  } finally {
    for (const stop of stopHints) stop();
  }
}

async function resultOf(store: Store, runKey: number): Promise<TrialResult> {
  return store.tx(async (tx) => {
    const [run] = await tx.listRunsByKey([runKey]);
    const rows = await tx.listTaskInstances({ runKey });
    const tasks = rows.map(({ taskId, mapIndex, state, tryNumber }) => ({
      task_id: taskId,
      map_index: mapIndex,
      state,
      try_number: tryNumber,
    }));
    return { state: run?.state ?? "none", tasks };
  });
}
