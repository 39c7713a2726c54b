import type { DagGraph, JsonObject, RunType, TriggeredBy } from "@airloom/core";
import type { DagRunRow, NewTaskInstance, TallyRow, Tx } from "@airloom/store";
import type { RunsDeps } from "./deps.ts";
import type { Version } from "./versions.ts";

/** A run to make. Times are instants; `conf` has been checked against the params' schema by whoever asks. */
export interface RunRequest {
  readonly runId: string;
  readonly runType: RunType;
  readonly logicalDate: Date | null;
  readonly intervalStart: Date | null;
  readonly intervalEnd: Date | null;
  readonly runAfter: Date;
  readonly conf: JsonObject;
  readonly triggeredBy: TriggeredBy;
  readonly triggeringUser: string | null;
  readonly note: string | null;
}

/**
 * Inserts a run, queued and pinned to `version`, with one instance per task and the counts that readiness reads.
 * Null, and nothing written, when the Dag already has this run id or a run of this logical date.
 */
export async function createRun(
  { tx, deps, version }: { readonly tx: Tx; readonly deps: RunsDeps; readonly version: Version },
  request: RunRequest,
): Promise<DagRunRow | null> {
  const { row, graph } = version;
  const run = await tx.insertRun({
    ...request,
    dagId: row.dagId,
    versionId: row.id,
    unfinished: graph.tasks.size,
  });
  if (!run) return null;
  // In flight when this returns: they go out with whatever follows.
  void tx.insertTaskInstances(newInstances(graph, run.id, deps));
  void tx.insertTallies(run.id, freshTallies(graph));
  return run;
}

function newInstances(graph: DagGraph, runKey: number, deps: RunsDeps): NewTaskInstance[] {
  return [...graph.tasks.values()].map((task) => ({
    id: deps.newId(),
    runKey,
    dagId: graph.spec.dagId,
    taskId: task.id,
    mapIndex: -1,
    operator: task.operator,
    maxTries: task.retries,
    pool: task.pool,
    poolSlots: task.poolSlots,
    queue: task.queue,
    executor: task.executor ?? deps.settings.defaultExecutor,
    priority: graph.weights.get(task.id) ?? task.priorityWeight,
  }));
}

/** Before anything ran: each task counts its upstream tasks, one instance each. */
function freshTallies(graph: DagGraph): TallyRow[] {
  return [...graph.tasks.values()].map((task) => ({
    taskId: task.id,
    total: task.upstream.length,
    success: 0,
    failed: 0,
    upstreamFailed: 0,
    skipped: 0,
    removed: 0,
  }));
}
