import { dag } from "@airloom/sdk";
import { type ContextHost, evaluateDag, type LogEntry, type NodeResult, runNode } from "@airloom/sdk/runtime";
import { type ConnectionValue, encodeValue, type TaskWorkload } from "@airloom/wire";

/** What surrounds the task that is tried. */
export interface TaskSurroundings {
  readonly signal?: AbortSignal;
  readonly connections?: Readonly<Record<string, Partial<ConnectionValue>>>;
  /** Sees each log entry as it comes; a promise holds the log up. */
  readonly onLog?: (entry: LogEntry) => void | Promise<void>;
  /** Values of upstream tasks by id. */
  readonly inputs?: Readonly<Record<string, unknown>>;
}

export interface TaskTrial extends NodeResult {
  readonly log: readonly LogEntry[];
}

/**
 * Runs the last task that a Dag body makes, in this process, the way a runner would: its own function, on a host that keeps the log.
 * @example const { value } = await runTask(() => bash("hello", { command: "echo hi" }));
 */
export async function runTask(
  body: Parameters<typeof dag>[2],
  { signal = new AbortController().signal, connections = {}, onLog, inputs = {} }: TaskSurroundings = {},
): Promise<TaskTrial> {
  const { spec, nodes } = evaluateDag(dag("trial", {}, body));
  const task = spec.tasks.at(-1);
  const node = task && nodes.get(task.id);
  if (!node) throw new Error("The body makes no task.");
  const log: LogEntry[] = [];
  const host: ContextHost = {
    signal,
    log: (entry) => {
      log.push(entry);
      return onLog?.(entry);
    },
    getVariable: async () => null,
    getConnection: async (id) => {
      const found = connections[id];
      return found ? { ...emptyConnection, id, ...found } : null;
    },
    pullXCom: async () => null,
    pushXCom: async () => undefined,
    fetchValue: async (ref) => {
      throw new Error(`There is no value ${ref}.`);
    },
  };
  const result = await runNode({ node, workload: workloadOf({ dagId: spec.dagId, task, inputs }), host });
  return { ...result, log };
}

const emptyConnection: ConnectionValue = {
  id: "",
  type: "",
  host: null,
  port: null,
  login: null,
  password: null,
  schema: null,
  extra: {},
};

const workloadOf = ({
  dagId,
  task,
  inputs,
}: Pick<TaskWorkload, "dagId" | "task"> & { readonly inputs: Readonly<Record<string, unknown>> }): TaskWorkload => ({
  kind: "task",
  taskInstanceId: "00000000-0000-7000-8000-000000000000",
  attempt: 1,
  tokenHash: "",
  leaseMs: 60_000,
  artifactId: "trial",
  dagId,
  task,
  mapIndex: -1,
  tryNumber: 1,
  maxTries: 1,
  run: {
    runId: "manual__trial",
    runType: "manual",
    logicalDate: "2026-01-02T00:00:00.000Z",
    intervalStart: "2026-01-01T00:00:00.000Z",
    intervalEnd: "2026-01-02T00:00:00.000Z",
    runAfter: "2026-01-02T00:00:00.000Z",
    conf: {},
    clearNumber: 0,
  },
  params: {},
  variables: {},
  inputs: Object.fromEntries(
    Object.entries(inputs).map(([id, value]) => [id, { kind: "value", bytes: encodeValue(value) }]),
  ),
  elementIndexes: [],
});
