import type { DagGraph } from "../dag-spec/dag-graph.ts";
import { type FinishedState, isFinished, type TaskInstanceState } from "../states/task-instance-state.ts";
import type { Tally } from "./run-view.ts";

/** What a downstream task's tally changes by. Numbers may be negative (a cleared instance). */
export interface TallyDelta {
  /** The task whose upstreams are counted. */
  readonly taskId: string;
  readonly delta: Tally;
}

/** An instance of a task that changed its state. */
export interface StateChange {
  readonly taskId: string;
  readonly from: TaskInstanceState;
  readonly to: TaskInstanceState;
}

export const emptyTally: Tally = { total: 0, success: 0, failed: 0, upstreamFailed: 0, skipped: 0, removed: 0 };

const columns = [
  "total",
  "success",
  "failed",
  "upstreamFailed",
  "skipped",
  "removed",
] as const satisfies readonly (keyof Tally)[];

const columnOf: Readonly<Record<FinishedState, keyof Tally>> = {
  success: "success",
  failed: "failed",
  upstream_failed: "upstreamFailed",
  skipped: "skipped",
  removed: "removed",
};

type MutableTally = { -readonly [Column in keyof Tally]: Tally[Column] };

export const addTallies = (a: Tally, b: Tally): Tally => ({
  total: a.total + b.total,
  success: a.success + b.success,
  failed: a.failed + b.failed,
  upstreamFailed: a.upstreamFailed + b.upstreamFailed,
  skipped: a.skipped + b.skipped,
  removed: a.removed + b.removed,
});

/** What one instance's change does to the tallies of the tasks after it. */
export function tallyChange(from: TaskInstanceState, to: TaskInstanceState): Tally {
  const change: MutableTally = { ...emptyTally };
  if (isFinished(from)) change[columnOf[from]] -= 1;
  if (isFinished(to)) change[columnOf[to]] += 1;
  return change;
}

const isZero = (tally: Tally): boolean => columns.every((column) => tally[column] === 0);

/**
 * What these changes of state do to the tallies downstream, one entry per task that changes. Used by every transaction that
 * finishes, clears or marks, so that nobody has to recount.
 * @example tallyDeltasFor(graph, [{ taskId: "extract", from: "running", to: "success" }])
 */
export function tallyDeltasFor(graph: DagGraph, settled: readonly StateChange[]): readonly TallyDelta[] {
  const collect = new TallyDeltas(graph);
  for (const { taskId, from, to } of settled) collect.change(taskId, tallyChange(from, to));
  return collect.list();
}

/** Sums changes per task first: a thousand mapped instances reach their downstream as one delta. */
export class TallyDeltas {
  readonly #graph: DagGraph;
  readonly #bySource = new Map<string, Tally>();

  constructor(graph: DagGraph) {
    this.#graph = graph;
  }

  change(taskId: string, change: Tally): void {
    this.#bySource.set(taskId, addTallies(this.#bySource.get(taskId) ?? emptyTally, change));
  }

  /** What changed of one task's own instances. */
  of(taskId: string): Tally | undefined {
    return this.#bySource.get(taskId);
  }

  list(): readonly TallyDelta[] {
    const byTarget = new Map<string, Tally>();
    for (const [source, change] of this.#bySource) {
      for (const taskId of this.#graph.downstream.get(source) ?? []) {
        byTarget.set(taskId, addTallies(byTarget.get(taskId) ?? emptyTally, change));
      }
    }
    return [...byTarget].flatMap(([taskId, delta]) => (isZero(delta) ? [] : [{ taskId, delta }]));
  }
}

/** The tallies of a new run: nothing finished, one instance per upstream task (a mapped one is a placeholder still). */
export function initialTallies(graph: DagGraph): ReadonlyMap<string, Tally> {
  const tallies = new Map<string, Tally>();
  for (const id of graph.order) {
    const total = graph.tasks.get(id)?.upstream.length ?? 0;
    if (total > 0) tallies.set(id, { ...emptyTally, total });
  }
  return tallies;
}

/** The tallies recounted from all instances of a run: for repair, and the oracle of the tests. */
export function countTallies(
  graph: DagGraph,
  instances: Iterable<{ readonly taskId: string; readonly state: TaskInstanceState }>,
): ReadonlyMap<string, Tally> {
  const bySource = new Map<string, Tally>();
  for (const { taskId, state } of instances) {
    const one = { ...tallyChange("none", state), total: 1 };
    bySource.set(taskId, addTallies(bySource.get(taskId) ?? emptyTally, one));
  }
  const tallies = new Map<string, Tally>();
  for (const id of graph.order) {
    const upstream = graph.tasks.get(id)?.upstream ?? [];
    if (upstream.length === 0) continue;
    tallies.set(id, upstream.map((source) => bySource.get(source) ?? emptyTally).reduce(addTallies, emptyTally));
  }
  return tallies;
}
