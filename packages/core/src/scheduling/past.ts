import type { TaskSpec } from "../dag-spec/task-spec.ts";
import type { TaskInstanceState } from "../states/task-instance-state.ts";

/** The newest run before this one (by logical date) that has the task, as far as it matters. */
export interface PastStates {
  /** Of the same task, all map indexes. */
  readonly own: readonly TaskInstanceState[];
  /** Of the tasks directly after it. Read only for `waitForDownstream`. */
  readonly downstream: readonly TaskInstanceState[];
}

const isGood = (state: TaskInstanceState): boolean => state === "success" || state === "skipped";

/**
 * Whether the run before lets a task that depends on past go on: what `RunView.past` holds. The same task must have
 * succeeded or been skipped, with `waitForDownstream` what follows it too. Without an earlier run: met (Airflow's
 * `ignore_first_depends_on_past`). Removed instances do not count.
 */
export function decidePast(
  task: Pick<TaskSpec, "dependsOnPast" | "waitForDownstream">,
  previous: PastStates | null,
): "met" | "unmet" {
  if (!previous || (!task.dependsOnPast && !task.waitForDownstream)) return "met";
  const counted = task.waitForDownstream ? [...previous.own, ...previous.downstream] : previous.own;
  return counted.every((state) => state === "removed" || isGood(state)) ? "met" : "unmet";
}
