import {
  type DagGraph,
  decidePast,
  isFinished,
  mapSourceTasks,
  type RunView,
  type SourceLength,
  sourceLengthsOf,
  type TaskSpec,
} from "@airloom/core";
import type { DagRunRow, TaskInstanceRow, Tx } from "@airloom/store";
import type { RunsDeps } from "./deps.ts";
import { paramAt } from "./run-params.ts";

/** A run in a transaction, locked or not. */
export interface RunAt {
  readonly tx: Tx;
  readonly run: DagRunRow;
  readonly graph: DagGraph;
}

/** The instances of these tasks, or of the whole run. */
export type ViewScope = readonly string[] | "all";

/** A View whose instances are rows, so that what is decided can be applied. */
export interface LoadedRunView extends RunView {
  readonly run: DagRunRow;
  readonly instances: readonly TaskInstanceRow[];
}

/**
 * Loads what has to be known to decide the unfinished instances in `scope`. The number of statements does not grow with the
 * number of tasks, and all go out in one round trip. Hold the run's lock, or take the answer as a picture only.
 */
export async function loadRunView(at: RunAt & { readonly deps?: RunsDeps }, scope: ViewScope): Promise<LoadedRunView> {
  const { tx, run, graph } = at;
  const narrowed = scope === "all" ? {} : { taskIds: scope };
  const tasks = scope === "all" ? [...graph.tasks.keys()] : scope;
  const [instances, tallies, exclusions, past, sourceLengths, expanded] = await Promise.all([
    tx.listTaskInstances({ runKey: run.id, unfinishedOnly: true, ...narrowed }),
    tx.listTallies(run.id, scope === "all" ? undefined : scope),
    graph.deciders.size > 0 ? tx.listExclusions(run.id) : [],
    loadPast(at, tasks),
    loadSourceLengths(at, tasks),
    loadExpanded(at, tasks),
  ]);
  return {
    run,
    graph,
    instances,
    tallies: new Map(tallies.map((tally) => [tally.taskId, tally])),
    exclusions: new Map(exclusions.map((exclusion) => [exclusion.taskId, exclusion.excluded])),
    past,
    sourceLengths,
    expanded,
    whole: scope === "all",
    leaseGraceMs: at.deps?.settings.graceMs ?? 0,
  };
}

async function loadPast(
  { tx, run, graph }: RunAt,
  taskIds: readonly string[],
): Promise<ReadonlyMap<string, "met" | "unmet">> {
  const dependents = taskIds
    .flatMap((id) => graph.tasks.get(id) ?? [])
    .filter((task) => task.dependsOnPast || task.waitForDownstream);
  if (dependents.length === 0) return new Map();
  const below = (task: TaskSpec) => (task.waitForDownstream ? (graph.downstream.get(task.id) ?? []) : []);
  const wanted = new Set(dependents.flatMap((task) => [task.id, ...below(task)]));
  const rows = await tx.listPastStates(run.id, [...wanted]);
  const states = new Map(rows.map((row) => [row.taskId, row.states]));
  return new Map(
    dependents.map((task) => {
      const own = states.get(task.id);
      const downstream = below(task).flatMap((id) => states.get(id) ?? []);
      return [task.id, decidePast(task, own ? { own, downstream } : null)];
    }),
  );
}

async function loadSourceLengths(
  at: RunAt,
  taskIds: readonly string[],
): Promise<ReadonlyMap<string, readonly SourceLength[]>> {
  const { tx, run, graph } = at;
  const mapped = taskIds.flatMap((id) => graph.tasks.get(id) ?? []).filter((task) => task.mapped);
  if (mapped.length === 0) return new Map();
  const sources = [...new Set(mapped.flatMap(mapSourceTasks))];
  const [xcoms, instances] = await Promise.all([
    tx.listXComs(run.id, { taskIds: sources, key: "return_value", maxBytes: 0 }),
    tx.listTaskInstances({ runKey: run.id, taskIds: sources }),
  ]);
  const lengthOf = (source: string): SourceLength => {
    const own = instances.filter((instance) => instance.taskId === source);
    if (own.some((instance) => !isFinished(instance.state))) return "pending";
    const mapped = graph.tasks.get(source)?.mapped;
    if (mapped) return own.some((instance) => instance.mapIndex < 0) ? "missing" : own.filter(isCounted).length;
    return xcoms.find((xcom) => xcom.taskId === source)?.length ?? "missing";
  };
  const lengths = new Map(sources.map((source) => [source, lengthOf(source)]));
  return new Map(mapped.map((task) => [task.id, lengthsIn(at, task, lengths)]));
}

const isCounted = (instance: TaskInstanceRow): boolean => instance.state !== "removed";

/** How many instances mapped tasks have: a cleared one grows when its list did. */
async function loadExpanded(
  { tx, run, graph }: RunAt,
  taskIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const mapped = taskIds.filter((id) => graph.tasks.get(id)?.mapped);
  if (mapped.length === 0) return new Map();
  const counts = new Map<string, number>();
  for (const { taskId, mapIndex } of await tx.listTaskInstances({ runKey: run.id, taskIds: mapped }))
    if (mapIndex >= 0) counts.set(taskId, (counts.get(taskId) ?? 0) + 1);
  return counts;
}

/** Lists that are params of the run stand neither in the Spec nor in a value: their length is known from the run. */
function lengthsIn(
  { run, graph }: RunAt,
  task: TaskSpec,
  lengths: ReadonlyMap<string, SourceLength>,
): readonly SourceLength[] {
  return sourceLengthsOf(task, lengths).map((length, position) => {
    const arg = task.args[position];
    if (arg?.kind !== "param") return length;
    const value = paramAt(run, graph, arg.path);
    return Array.isArray(value) ? value.length : "missing";
  });
}
