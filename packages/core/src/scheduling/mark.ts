import { type DagRunState, isRunFinished } from "../states/dag-run-state.ts";
import { isLegalMove, type TaskInstanceState } from "../states/task-instance-state.ts";
import { type ClearView, decideClear } from "./clear.ts";
import { type StopDecision, stopAll } from "./run-stop.ts";
import type { TaskInstanceView } from "./run-view.ts";
import { reach, selectInstances, type TaskSelection } from "./selection.ts";
import { type TallyDelta, tallyDeltasFor } from "./tally.ts";

export interface MarkRunDecision extends StopDecision {
  /** null = the run has this state already. */
  readonly run: DagRunState | null;
  readonly code: "run_marked";
}

/** What is under way when a run is marked failed: these fail, what has not begun is skipped. */
const underWay: ReadonlySet<TaskInstanceState> = new Set([
  "running",
  "restarting",
  "deferred",
  "awaiting_input",
  "up_for_reschedule",
]);

/**
 * WHAT DOES MARKING A RUN DO? `success`: what is unfinished succeeds. `failed`: what is under way fails, the rest is skipped.
 * `queued` touches no instance (Airflow's three, airflow.md 2.1).
 * @param view All unfinished instances of the run.
 */
export function decideMarkRun(view: ClearView, to: "success" | "failed" | "queued"): MarkRunDecision {
  const stop: StopDecision =
    to === "queued"
      ? { moves: [], tallyDeltas: [] }
      : stopAll(view, "run_marked", (state) =>
          to === "success" ? "success" : underWay.has(state) ? "failed" : "skipped",
        );
  return { ...stop, run: view.runState === to ? null : to, code: "run_marked" };
}

export interface MarkOptions extends TaskSelection {
  readonly to: "success" | "failed" | "skipped";
}

export interface MarkMove {
  readonly instance: TaskInstanceView;
  readonly to: "success" | "failed" | "skipped" | "none";
  /** `resumed`: it had failed after a marked one and is decided anew. */
  readonly code: "marked" | "resumed";
  readonly maxTries: number;
}

export interface MarkTaskDecision {
  readonly moves: readonly MarkMove[];
  readonly tallyDeltas: readonly TallyDelta[];
  /** What resumed branches and short circuits excluded has to be forgotten. */
  readonly deciders: readonly string[];
  /** `queued` when the run was over and something is to be done in it again, else null. */
  readonly run: "queued" | null;
}

/**
 * WHAT DOES MARKING A TASK DO? The selected instances get the state, whatever they are doing; a running attempt is fenced.
 * After a mark that lets others go on (`success`, `skipped`), failed instances after it are cleared and decided anew, and a
 * run that was over goes on, as in Airflow. (Airflow clears them after a mark `failed` too, where they would only fail again.)
 * @param view All instances of the run.
 */
export function decideMarkTask(view: ClearView, options: MarkOptions): MarkTaskDecision {
  const { to } = options;
  const marked = selectInstances(view.graph, view.instances, options)
    .filter(({ state }) => state !== to && isLegalMove(state, to))
    .map((instance): MarkMove => ({ instance, to, code: "marked", maxTries: instance.maxTries }));
  const resumed = to === "failed" ? { moves: [], deciders: [] } : resume(view, marked);
  const moves = [...marked, ...resumed.moves];
  return {
    moves,
    tallyDeltas: tallyDeltasFor(
      view.graph,
      moves.map((move) => ({ taskId: move.instance.taskId, from: move.instance.state, to: move.to })),
    ),
    deciders: resumed.deciders,
    run: resumed.moves.length > 0 && isRunFinished(view.runState) ? "queued" : null,
  };
}

function resume(
  view: ClearView,
  marked: readonly MarkMove[],
): { readonly moves: readonly MarkMove[]; readonly deciders: readonly string[] } {
  const ids = [...new Set(marked.map(({ instance }) => instance.taskId))];
  const after = reach(ids, (id) => view.graph.downstream.get(id)).map((taskId) => ({ taskId }));
  const isMarked = new Set(marked.map(({ instance }) => instance.id));
  const cleared = decideClear(
    { ...view, instances: view.instances.filter(({ id }) => !isMarked.has(id)) },
    { tasks: after, onlyFailed: true },
  );
  return {
    moves: cleared.moves.map(({ instance, maxTries }) => ({ instance, to: "none", code: "resumed", maxTries })),
    deciders: cleared.deciders,
  };
}
