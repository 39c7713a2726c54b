import type { DagGraph } from "../dag-spec/dag-graph.ts";
import type { TaskInstanceView } from "./run-view.ts";

/** Which instances of a run a user means: tasks, perhaps one map index of a mapped one, perhaps what is before or after them. */
export interface TaskSelection {
  /** null = all tasks of the run. */
  readonly tasks: readonly { readonly taskId: string; readonly mapIndex?: number }[] | null;
  readonly includeUpstream?: boolean;
  readonly includeDownstream?: boolean;
}

/** The selected instances, in the order of `instances`. Neighbours are taken with all their map indexes. */
export function selectInstances(
  graph: DagGraph,
  instances: readonly TaskInstanceView[],
  selection: TaskSelection,
): readonly TaskInstanceView[] {
  if (!selection.tasks) return instances;
  const whole = new Set<string>();
  const single = new Map<string, Set<number>>();
  for (const { taskId, mapIndex } of selection.tasks) {
    if (mapIndex === undefined) whole.add(taskId);
    else single.set(taskId, (single.get(taskId) ?? new Set()).add(mapIndex));
  }
  const ids = [...whole, ...single.keys()];
  const after = selection.includeDownstream ? reach(ids, (id) => graph.downstream.get(id)) : [];
  const before = selection.includeUpstream ? reach(ids, (id) => graph.tasks.get(id)?.upstream) : [];
  for (const id of [...after, ...before]) whole.add(id);
  return instances.filter(({ taskId, mapIndex }) => whole.has(taskId) || single.get(taskId)?.has(mapIndex));
}

/** Every task that `next` leads to from these, without them (a Dag has no way back). */
export function reach(from: readonly string[], next: (id: string) => readonly string[] | undefined): readonly string[] {
  const seen = new Set(from.flatMap((id) => next(id) ?? []));
  for (const id of seen) for (const further of next(id) ?? []) seen.add(further);
  return [...seen];
}
