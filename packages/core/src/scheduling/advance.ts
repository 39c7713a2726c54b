import type { TaskInstanceState } from "../states/task-instance-state.ts";
import { type AdvanceDecision, type AdvanceLimits, defaultAdvanceLimits } from "./advance-decision.ts";
import { AdvancePass } from "./advance-pass.ts";
import type { RunView, TaskInstanceView } from "./run-view.ts";

/**
 * WHAT HAPPENS NEXT IN THIS RUN? Decides every instance of the view that is not decided yet. Each task comes after its
 * upstreams, so one pass over them is the fixpoint: a skip or a failure runs down the whole view in one call. Time is
 * linear in the instances and in the edges below what settles.
 * @example const { moves } = decideAdvance(view, now); // [{ instance, to: "scheduled", code: "ready", … }]
 */
export function decideAdvance(view: RunView, now: Date, limits: AdvanceLimits = defaultAdvanceLimits): AdvanceDecision {
  const pass = new AdvancePass(view, now, limits);
  for (const { taskId, instances } of inOrder(view)) pass.decideTask(taskId, instances);
  return pass.decision();
}

/** The undecided instances by task, upstream tasks first. */
function inOrder(view: RunView): readonly Group[] {
  const byTask = new Map<string, Group>();
  for (const instance of view.instances) {
    if (!isUndecided(instance, view)) continue;
    const { taskId } = instance;
    const group = byTask.get(taskId);
    if (group) group.instances.push(instance);
    else byTask.set(taskId, { taskId, position: view.graph.position.get(taskId) ?? -1, instances: [instance] });
  }
  return [...byTask.values()].sort((a, b) => a.position - b.position);
}

interface Group {
  readonly taskId: string;
  /** In the graph's order; tasks that are gone come first. */
  readonly position: number;
  readonly instances: TaskInstanceView[];
}

const undecided: ReadonlySet<TaskInstanceState> = new Set(["none", "up_for_retry", "up_for_reschedule", "restarting"]);

const isUndecided = ({ state, taskId }: TaskInstanceView, { graph }: RunView): boolean =>
  undecided.has(state) || (state === "scheduled" && !graph.tasks.has(taskId));
