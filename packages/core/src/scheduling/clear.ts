import type { DagGraph } from "../dag-spec/dag-graph.ts";
import { type DagRunState, isRunFinished } from "../states/dag-run-state.ts";
import type { TaskInstanceState } from "../states/task-instance-state.ts";
import type { TaskInstanceView } from "./run-view.ts";
import { selectInstances, type TaskSelection } from "./selection.ts";
import { type TallyDelta, tallyDeltasFor } from "./tally.ts";

export interface ClearOptions extends TaskSelection {
  /** Only failed and upstream_failed instances; with `onlyRunning` both kinds. */
  readonly onlyFailed?: boolean;
  /** Only running instances. */
  readonly onlyRunning?: boolean;
}

export interface ClearMove {
  readonly instance: TaskInstanceView;
  /** `restarting`: it was running; its attempt is fenced at once and its lease kept until nothing of it can be alive. */
  readonly to: "none" | "restarting";
  readonly code: "cleared";
  /** The task's retries begin anew. */
  readonly maxTries: number;
}

export interface ClearDecision {
  readonly moves: readonly ClearMove[];
  readonly tallyDeltas: readonly TallyDelta[];
  /** Branches and short circuits among them: what they excluded has to be forgotten, they decide again. */
  readonly deciders: readonly string[];
  /** `queued` when the run was over: it counts one clear more and starts anew. null = it goes on as it is. */
  readonly run: "queued" | null;
}

/** `view.instances` holds all instances of the run, finished ones too. */
export interface ClearView {
  readonly graph: DagGraph;
  readonly runState: DagRunState;
  readonly instances: readonly TaskInstanceView[];
}

/**
 * WHAT DOES CLEARING DO? The selected instances begin anew: finished and waiting ones go to `none`, running ones to
 * `restarting`. What has not begun stays, and so does what restarts already.
 * @example decideClear({ graph, runState: "failed", instances }, { tasks: [{ taskId: "load" }], includeDownstream: true })
 */
export function decideClear(view: ClearView, options: ClearOptions): ClearDecision {
  const moves = selectInstances(view.graph, view.instances, options)
    .filter(({ state }) => isWanted(state, options))
    .flatMap((instance) => clearMove(view.graph, instance));
  const cleared = new Set(moves.map(({ instance }) => instance.taskId));
  return {
    moves,
    tallyDeltas: tallyDeltasFor(
      view.graph,
      moves.map(({ instance, to }) => ({ taskId: instance.taskId, from: instance.state, to })),
    ),
    deciders: [...view.graph.deciders].filter((id) => cleared.has(id)),
    run: moves.length > 0 && isRunFinished(view.runState) ? "queued" : null,
  };
}

function isWanted(state: TaskInstanceState, { onlyFailed, onlyRunning }: ClearOptions): boolean {
  if (!onlyFailed && !onlyRunning) return true;
  if (onlyFailed && (state === "failed" || state === "upstream_failed")) return true;
  return onlyRunning === true && state === "running";
}

function clearMove(graph: DagGraph, instance: TaskInstanceView): readonly ClearMove[] {
  const { state, taskId, tryNumber } = instance;
  if (state === "none" || state === "restarting") return [];
  const maxTries = tryNumber + (graph.tasks.get(taskId)?.retries ?? 0);
  return [{ instance, to: state === "running" ? "restarting" : "none", code: "cleared", maxTries }];
}
