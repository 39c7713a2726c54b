import {
  type AdmissionCandidate,
  admit,
  type Capacity,
  type ExplainFacts,
  type Explanation,
  explain,
  type HeldCode,
  isFinished,
  type Json,
  readiness,
  type TaskInstanceState,
  taskSlotKey,
} from "@airloom/core";
import { loadRunView, type Version } from "@airloom/runs";
import type { DagRunRow, TaskInstanceRow, Tx } from "@airloom/store";
import type { ApiDeps } from "../../api-deps.ts";

export interface RunInTx {
  readonly tx: Tx;
  readonly deps: ApiDeps;
  readonly run: DagRunRow;
  readonly version: Version;
}

/** Why this instance is where it is: readiness first, then room, then what its state says. The scheduler decides by the same functions. */
export async function explainInstance(at: RunInTx, instance: TaskInstanceRow): Promise<Explanation> {
  const { tx, deps, run, version } = at;
  const facts = await factsOf(at, instance);
  const view = await loadRunView({ tx, run, graph: version.graph, deps }, [instance.taskId]);
  const verdict = readiness(instance, view, tx.now);
  if (verdict.kind !== "pass" && !isFinished(instance.state)) return explain({ kind: "verdict", verdict }, facts);
  if (instance.state === "scheduled") {
    const held = await heldBy(at, instance);
    if (held) return explain({ kind: "held", code: held.code }, { ...facts, ...held.facts });
  }
  return explain({ kind: "state", state: instance.state, code: instance.code }, facts);
}

async function factsOf({ tx, run, version: { graph } }: RunInTx, instance: TaskInstanceRow): Promise<ExplainFacts> {
  const task = graph.tasks.get(instance.taskId);
  const upstream = task?.upstream ?? [];
  const [rows, attempts] = await Promise.all([
    upstream.length > 0 ? tx.listTaskInstances({ runKey: run.id, taskIds: upstream }) : [],
    tx.listAttempts(instance.id),
  ]);
  const last = attempts.at(-1);
  return {
    taskId: instance.taskId,
    dagId: run.dagId,
    runId: run.runId,
    upstreams: upstream.map((taskId) => ({ taskId, state: worst(rows.filter((row) => row.taskId === taskId)) })),
    ...(task ? { triggerRule: task.triggerRule } : {}),
    tryNumber: instance.tryNumber,
    maxTries: instance.maxTries,
    nextDueAt: instance.nextDueAt,
    error: messageOf(attempts.findLast((one) => one.failure !== null)?.failure ?? null),
    worker: last?.hostname ?? null,
    executor: { name: instance.executor, parallelism: 0, used: 0 },
  };
}

/** Of a mapped task's instances the one that matters most: what holds others up, then what went wrong. */
function worst(rows: readonly TaskInstanceRow[]): TaskInstanceState {
  const rank = ({ state }: TaskInstanceRow): number =>
    !isFinished(state) ? 0 : ["failed", "upstream_failed", "removed", "skipped", "success"].indexOf(state) + 1;
  return rows.toSorted((a, b) => rank(a) - rank(b))[0]?.state ?? "none";
}

function messageOf(failure: Json): string | null {
  if (typeof failure !== "object" || failure === null || Array.isArray(failure)) return null;
  const { name, message, reason } = failure as Readonly<Record<string, Json>>;
  if (typeof message === "string") return typeof name === "string" ? `${name}: ${message}` : message;
  return typeof reason === "string" ? reason : null;
}

interface Held {
  readonly code: HeldCode;
  readonly facts: ExplainFacts;
}

/** Which limit is in the way of a scheduled instance now; null when it only has to be admitted. Takes no lock: a picture. */
async function heldBy({ tx, deps, run, version: { graph } }: RunInTx, instance: TaskInstanceRow): Promise<Held | null> {
  const task = graph.tasks.get(instance.taskId);
  if (!task) return null;
  const { runKey, dagId, taskId } = instance;
  const [executors, pools, dag, live] = await Promise.all([
    deps.reads.listExecutors(),
    tx.listPools(),
    tx.findDag(dagId),
    tx.countLiveSlots({
      executors: [instance.executor],
      pools: [instance.pool],
      runKeys: [runKey],
      tasks: [{ dagId, taskId }],
      runTasks: [{ runKey, taskId }],
    }),
  ]);
  const candidate: AdmissionCandidate = {
    id: instance.id,
    runKey,
    dagId,
    taskId,
    mapIndex: instance.mapIndex,
    executor: instance.executor,
    pool: instance.pool,
    poolSlots: instance.poolSlots,
    priority: instance.priority,
    logicalDate: run.logicalDate,
    runAfter: run.runAfter,
    maxActiveTasks: graph.spec.maxActiveTasks,
    maxActivePerDag: task.maxActivePerDag,
    maxActivePerRun: task.maxActivePerRun,
  };
  const capacity: Capacity = {
    executors: new Map(executors.map((one) => [one.name, one.parallelism])),
    pools: new Map(pools.map((pool) => [pool.name, pool.slots])),
    pausedDags: new Set(dag?.isPaused ? [dagId] : []),
    live,
  };
  const [held] = admit([candidate], capacity).held;
  return held ? { code: held.code, facts: limitFacts(candidate, capacity, held.code) } : null;
}

function limitFacts(candidate: AdmissionCandidate, { executors, pools, live }: Capacity, code: HeldCode): ExplainFacts {
  const { executor, pool, runKey, dagId, taskId, poolSlots } = candidate;
  const limits: Partial<Record<HeldCode, { readonly most: number; readonly used: number }>> = {
    run_limit: { most: candidate.maxActiveTasks, used: live.runs.get(runKey) ?? 0 },
    task_limit: { most: candidate.maxActivePerDag ?? 0, used: live.tasks.get(taskSlotKey(dagId, taskId)) ?? 0 },
    task_run_limit: { most: candidate.maxActivePerRun ?? 0, used: live.runTasks.get(taskSlotKey(runKey, taskId)) ?? 0 },
  };
  const limit = limits[code];
  return {
    executor: { name: executor, parallelism: executors.get(executor) ?? 0, used: live.executors.get(executor) ?? 0 },
    pool: { name: pool, slots: pools.get(pool) ?? 0, used: live.pools.get(pool) ?? 0, wanted: poolSlots },
    ...(limit ? { limit } : {}),
  };
}
