import { createHash } from "node:crypto";
import { checkConf, connectionFromUri } from "@airloom/api";
import { AirloomError, type Json, type JsonObject, parseTimetable, type TaskSpec } from "@airloom/core";
import type { ExecutionContract, LogRecord, Outcome, TaskWorkload, XComOutput } from "@airloom/wire";
import { decodeValue, encodeValue, toJsonView } from "@airloom/wire";
import type { ProcessContext } from "../processes/process-context.ts";
import { uuidv7 } from "../processes/uuid.ts";
import type { FoundDag } from "./find-dag-file.ts";
import { createTrialWorker, readParts, withTrialFolder } from "./trial-worker.ts";

export interface TrialTaskOptions {
  readonly context: ProcessContext;
  readonly dag: FoundDag;
  readonly task: TaskSpec;
  readonly logicalDate: Date | null;
  readonly conf: JsonObject;
  /** Values of upstream tasks, by task id. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Of a mapped task: the element of each argument's list. */
  readonly mapIndex: number;
  readonly onLog: (record: LogRecord) => void;
  readonly signal: AbortSignal;
}

export interface TrialEnd {
  readonly outcome: Outcome;
  /** What the task returned (`return_value`) and pushed, as JSON. */
  readonly values: Readonly<Record<string, Json>>;
}

/** One attempt of one task in a child process, on inputs that were given. Nothing is kept, no other task runs. */
export function trialTask(options: TrialTaskOptions): Promise<TrialEnd> {
  const { context, dag, task, signal } = options;
  return withTrialFolder(context, async (cacheDir) => {
    const parts = await readParts(dag);
    const [ended, settle] = ending(signal);
    const contract = oneTask(options, parts, settle);
    const executor = task.executor ?? context.config.core.executor;
    const worker = createTrialWorker({ context, contract, executor, queues: [task.queue], cacheDir });
    await worker.start();
    try {
      const { outcome, xcoms } = await ended;
      return { outcome, values: Object.fromEntries(xcoms.map(({ key, value }) => [key, valueView(value)])) };
    } finally {
      await worker.stop("the test has ended");
    }
  });
}

interface Finished {
  readonly outcome: Outcome;
  readonly xcoms: readonly XComOutput[];
}

/** A promise and what resolves it; a signal does too. */
function ending(signal: AbortSignal): readonly [Promise<Finished>, (end: Finished) => void] {
  let settle: (end: Finished) => void = () => {};
  const ended = new Promise<Finished>((resolve) => {
    settle = resolve;
  });
  const interrupted: Finished = { outcome: { kind: "lost", reason: "the test was interrupted" }, xcoms: [] };
  signal.addEventListener("abort", () => settle(interrupted));
  return [ended, settle];
}

const valueView = (value: XComOutput["value"]): Json =>
  value.kind === "value"
    ? toJsonView(decodeValue(value.bytes))
    : value.items.map((item) => toJsonView(decodeValue(item)));

const leaseMs = 3_600_000;

/** A control plane that knows one attempt. */
function oneTask(
  options: TrialTaskOptions,
  parts: ReadonlyMap<string, Uint8Array>,
  settle: (end: Finished) => void,
): ExecutionContract {
  const { dag, onLog, context } = options;
  let isTaken = false;
  const pushed = new Map<string, XComOutput>();
  return {
    registerWorker: async () => ({ heartbeatMs: 5_000, leaseMs, marginMs: 1_000, killGraceMs: 1_000, released: 0 }),
    async claim({ tokenHashes, waitMs }, stopped) {
      const tokenHash = tokenHashes[0];
      if (isTaken || tokenHash === undefined) {
        await waited(waitMs, stopped);
        return { workloads: [] };
      }
      isTaken = true;
      return { workloads: [workloadOf(options, tokenHash)] };
    },
    heartbeat: async ({ attempts }) => ({
      attempts: attempts.map(({ taskInstanceId, attempt }) => ({
        taskInstanceId,
        attempt,
        verdict: "run",
        remainingMs: leaseMs,
        reason: null,
      })),
    }),
    async finish({ outcome, xcoms }) {
      settle({ outcome, xcoms: [...pushed.values(), ...xcoms] });
      return { result: "recorded" };
    },
    ended: async () => {},
    release: async (_attempts, reason) => settle({ outcome: { kind: "lost", reason }, xcoms: [] }),
    appendLogs: async ({ records }) => {
      for (const record of records) onLog(record);
    },
    fetchValue: () => unknown("A value"),
    getVariable: async (_attempt, key) => context.environment[`AIRLOOM_VAR_${key.toUpperCase()}`] ?? null,
    getConnection: async (_attempt, id) => {
      const uri = context.environment[`AIRLOOM_CONN_${id.toUpperCase()}`];
      return uri === undefined ? null : connectionFromUri(id, uri);
    },
    pullXCom: async (_attempt, { taskId, key }) =>
      key === "return_value" && taskId in options.inputs ? encodeValue(options.inputs[taskId]) : null,
    pushXCom: async (_attempt, key, bytes) => {
      pushed.set(key, { key, value: { kind: "value", bytes }, length: null });
    },
    getArtifact: async () => dag.report.artifact,
    getPart: async (hash) => parts.get(hash) ?? unknown(`Artifact part ${hash}`),
    openParseSession: () => unknown("A parse session"),
    missingParts: async () => [],
    putPart: async () => {},
    publish: async () => ({ published: [] }),
  };
}

const unknown = (what: string): Promise<never> => Promise.reject(new AirloomError("NOT_FOUND", { what }));

function workloadOf(options: TrialTaskOptions, tokenHash: string): TaskWorkload {
  const { dag, task, logicalDate, conf, mapIndex } = options;
  const { spec } = dag;
  checkConf(spec, conf);
  const interval = logicalDate && parseTimetable(spec.schedule).manualInterval(logicalDate);
  const variables = [...variablesOf(task)].map((key) => [
    key,
    options.context.environment[`AIRLOOM_VAR_${key.toUpperCase()}`] ?? null,
  ]);
  return {
    kind: "task",
    taskInstanceId: uuidv7(Date.now(), createHash("sha256").update(tokenHash).digest()),
    attempt: 1,
    tokenHash,
    leaseMs,
    artifactId: dag.report.artifact.id,
    dagId: spec.dagId,
    task,
    mapIndex,
    tryNumber: 1,
    maxTries: 0,
    run: {
      runId: "test",
      runType: "manual",
      logicalDate: logicalDate?.toISOString() ?? null,
      intervalStart: interval?.start.toISOString() ?? null,
      intervalEnd: interval?.end.toISOString() ?? null,
      runAfter: new Date().toISOString(),
      conf,
      clearNumber: 0,
    },
    params: { ...spec.params.defaults, ...conf },
    variables: Object.fromEntries(variables),
    inputs: Object.fromEntries(
      task.upstream.map((id) => [
        id,
        id in options.inputs
          ? { kind: "value" as const, bytes: encodeValue(options.inputs[id]) }
          : { kind: "none" as const },
      ]),
    ),
    elementIndexes: mapIndex < 0 ? [] : task.args.map(() => mapIndex),
  };
}

/** Keys of the variables that the task's arguments name, at any depth. */
function variablesOf(task: TaskSpec): ReadonlySet<string> {
  const keys = new Set<string>();
  const visit = (arg: TaskSpec["args"][number]): void => {
    if (arg.kind === "variable") keys.add(arg.key);
    else if (arg.kind === "array") arg.items.forEach(visit);
    else if (arg.kind === "object") Object.values(arg.entries).forEach(visit);
  };
  task.args.forEach(visit);
  return keys;
}

function waited(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
