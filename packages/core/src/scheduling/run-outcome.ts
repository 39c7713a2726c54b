import type { TaskInstanceState } from "../states/task-instance-state.ts";

export interface RunOutcomeFacts {
  /** Instances of the run that are not finished, expansions included. */
  readonly unfinished: number;
  /** Instances of the graph's leaves (`graph.leaves`), counted by state; states with none may be left out. */
  readonly leafStates: Readonly<Partial<Record<TaskInstanceState, number>>>;
}

export type RunOutcome =
  | "running"
  | { readonly state: "success"; readonly code: "leaves_succeeded" }
  | { readonly state: "failed"; readonly code: "leaf_failed" };

/**
 * IS THE RUN OVER? When nothing is unfinished: failed if a leaf failed or could not run, else a success. Only leaves count:
 * a failure that something downstream handled (`all_done`, `one_failed` …) is no failure of the run. Removed ones do not
 * count (airflow.md 2.4 gives the source: `DagRun.update_state`).
 *
 * There is no deadlock to look for. Airflow needs the check because some rules neither run nor settle once their upstreams
 * finished; here every rule does one of the two (`trigger-rule.ts`), so each unfinished instance waits for a time, for
 * something that runs, or for the run before. A property test runs random graphs to their end.
 */
export function decideRunOutcome({ unfinished, leafStates }: RunOutcomeFacts): RunOutcome {
  if (unfinished > 0) return "running";
  const failed = (leafStates.failed ?? 0) + (leafStates.upstream_failed ?? 0);
  return failed > 0 ? { state: "failed", code: "leaf_failed" } : { state: "success", code: "leaves_succeeded" };
}
