import { AirloomError } from "../errors.ts";
import type { DagGraph } from "./dag-graph.ts";

/**
 * The tasks that a branch skips: those directly after it which were not chosen and which no chosen one leads to
 * (Airflow's rule). What follows them is skipped, or not, by its own trigger rule.
 * @example branchExclusions(graph, "size", ["big"]) // ["small"]
 */
export function branchExclusions(graph: DagGraph, taskId: string, chosen: readonly string[]): readonly string[] {
  const kept = reachable(graph, chosen);
  return (graph.downstream.get(taskId) ?? []).filter((id) => !kept.has(id));
}

/** The tasks that a short circuit skips: every one after it, however far. */
export function shortCircuitExclusions(graph: DagGraph, taskId: string): readonly string[] {
  const after = reachable(graph, graph.downstream.get(taskId) ?? []);
  return [...after].sort((a, b) => (graph.position.get(a) ?? 0) - (graph.position.get(b) ?? 0));
}

/**
 * What the decision of a finished task excludes: of a branch its key, of a short circuit whether to go on.
 * @throws AirloomError SPEC_BRANCH_KEY when the branch has no such key.
 */
export function exclusionsOf(
  graph: DagGraph,
  taskId: string,
  decision: string | boolean | undefined,
): readonly string[] {
  const task = graph.tasks.get(taskId);
  if (task?.kind === "short_circuit") return decision === false ? shortCircuitExclusions(graph, taskId) : [];
  if (task?.kind !== "branch") return [];
  const key = String(decision);
  const chosen = Object.hasOwn(task.branches ?? {}, key) ? task.branches?.[key] : undefined;
  if (chosen) return branchExclusions(graph, taskId, chosen);
  const keys = Object.keys(task.branches ?? {}).join(", ");
  throw new AirloomError("SPEC_BRANCH_KEY", { dagId: graph.spec.dagId, taskId, key, keys });
}

/** `from` and everything after it. */
function reachable(graph: DagGraph, from: readonly string[]): ReadonlySet<string> {
  const seen = new Set(from);
  for (const id of seen) for (const next of graph.downstream.get(id) ?? []) seen.add(next);
  return seen;
}
