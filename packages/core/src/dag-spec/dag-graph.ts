import { checkSpec, checkTasks } from "./check-spec.ts";
import type { DagSpec } from "./dag-spec.ts";
import { mapSourceTasks } from "./map-sources.ts";
import { priorityWeights } from "./priority-weights.ts";
import type { TaskSpec } from "./task-spec.ts";
import { checkDepth, topologicalOrder } from "./topology.ts";

/** What follows from a Spec alone, derived once per version: neighbours, order, weights, leaves. */
export interface DagGraph {
  readonly spec: DagSpec;
  readonly tasks: ReadonlyMap<string, TaskSpec>;
  readonly downstream: ReadonlyMap<string, readonly string[]>;
  readonly roots: readonly string[];
  readonly leaves: readonly string[];
  /** Every task after all its upstreams. */
  readonly order: readonly string[];
  /** Index of each task in `order`. */
  readonly position: ReadonlyMap<string, number>;
  /** Total priority by the task's weight rule (Airflow: higher first). */
  readonly weights: ReadonlyMap<string, number>;
  /** Branches and short circuits: their results exclude tasks. */
  readonly deciders: ReadonlySet<string>;
  /** Mapped tasks by the task whose list they read. */
  readonly mappedBy: ReadonlyMap<string, readonly string[]>;
}

/**
 * Derives the graph of a Spec, checking it on the way. Time and memory grow with tasks and edges (weights: see
 * `priority-weights.ts`); keep the result per version.
 * @throws AirloomError with a `SPEC_…` code: unknown upstream, cycle (named), duplicate or malformed id, fail-fast with
 * another rule than `all_success`, a mapped argument that is no list, a branch that leads nowhere, a limit passed.
 * @example const graph = graphOf(spec); graph.downstream.get("extract"); // ["clean", "load"]
 */
export function graphOf(spec: DagSpec): DagGraph {
  checkSpec(spec);
  const tasks = checkTasks(spec);
  const downstream = downstreamOf(tasks);
  const order = topologicalOrder(spec.dagId, tasks, downstream);
  checkDepth(spec.dagId, order, tasks);
  return {
    spec,
    tasks,
    downstream,
    roots: order.filter((id) => tasks.get(id)?.upstream.length === 0),
    leaves: order.filter((id) => downstream.get(id)?.length === 0),
    order,
    position: new Map(order.map((id, index) => [id, index])),
    weights: priorityWeights(tasks, downstream, order),
    deciders: new Set(
      spec.tasks.filter(({ kind }) => kind === "branch" || kind === "short_circuit").map(({ id }) => id),
    ),
    mappedBy: mappedByOf(tasks),
  };
}

/** Sorted, so that everything derived from it is the same whatever the order of the author's calls. */
function downstreamOf(tasks: ReadonlyMap<string, TaskSpec>): ReadonlyMap<string, readonly string[]> {
  const downstream = new Map<string, string[]>();
  for (const id of [...tasks.keys()].sort()) downstream.set(id, []);
  for (const id of downstream.keys()) {
    for (const upstream of tasks.get(id)?.upstream ?? []) downstream.get(upstream)?.push(id);
  }
  return downstream;
}

function mappedByOf(tasks: ReadonlyMap<string, TaskSpec>): ReadonlyMap<string, readonly string[]> {
  const mappedBy = new Map<string, string[]>();
  for (const task of tasks.values()) {
    for (const source of mapSourceTasks(task)) {
      const readers = mappedBy.get(source);
      if (readers) readers.push(task.id);
      else mappedBy.set(source, [task.id]);
    }
  }
  return mappedBy;
}
