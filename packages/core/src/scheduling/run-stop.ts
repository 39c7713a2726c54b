import type { DagGraph } from "../dag-spec/dag-graph.ts";
import { type FinishedState, isFinished, type TaskInstanceState } from "../states/task-instance-state.ts";
import type { DagRunView, TaskInstanceView } from "./run-view.ts";
import { type TallyDelta, tallyDeltasFor } from "./tally.ts";

/** An instance that is ended from outside. One that is running is fenced by the move; its supervisor kills it. */
export interface StopMove {
  readonly instance: TaskInstanceView;
  readonly to: "success" | "failed" | "skipped";
  readonly code: StopCode;
}
export type StopCode = "fail_fast" | "run_timeout" | "run_marked";

/** Of a run: its graph and all its unfinished instances. */
export interface StopView {
  readonly graph: DagGraph;
  readonly instances: readonly TaskInstanceView[];
}

export interface StopDecision {
  readonly moves: readonly StopMove[];
  readonly tallyDeltas: readonly TallyDelta[];
}

/**
 * What the first failure does to the rest of a run whose Dag fails fast: what is running fails, what has not begun is
 * skipped. Nothing for other Dags, or when none of `settled` is `failed`.
 * @param settled States that instances just came to.
 */
export function decideFailFast(
  graph: DagGraph,
  instances: readonly TaskInstanceView[],
  settled: readonly FinishedState[],
): StopDecision {
  if (!graph.spec.failFast || !settled.includes("failed")) return { moves: [], tallyDeltas: [] };
  return stopAll({ graph, instances }, "fail_fast", (state) => (isAtWork.has(state) ? "failed" : "skipped"));
}

const isAtWork: ReadonlySet<TaskInstanceState> = new Set(["running", "restarting"]);

/** A run that took longer than the Dag allows fails, its unfinished instances are skipped; null when its time is not up. */
export function decideRunTimeout(
  { run, ...view }: StopView & { readonly run: Pick<DagRunView, "state" | "startedAt"> },
  now: Date,
): (StopDecision & { readonly run: "failed"; readonly code: "run_timeout" }) | null {
  const due = runTimeoutAt(view.graph, run);
  if (!due || due > now) return null;
  return { run: "failed", code: "run_timeout", ...stopAll(view, "run_timeout", () => "skipped") };
}

/** When a running run times out; null when it does not. */
function runTimeoutAt(graph: DagGraph, run: Pick<DagRunView, "state" | "startedAt">): Date | null {
  const { runTimeoutSeconds } = graph.spec;
  if (runTimeoutSeconds === null || run.state !== "running" || !run.startedAt) return null;
  return new Date(run.startedAt.getTime() + runTimeoutSeconds * 1_000);
}

/** Ends every unfinished instance; `stateFor` says how, by the state it is in. */
export function stopAll(
  { graph, instances }: StopView,
  code: StopCode,
  stateFor: (state: TaskInstanceState) => StopMove["to"],
): StopDecision {
  const moves = instances.flatMap((instance): readonly StopMove[] =>
    isFinished(instance.state) ? [] : [{ instance, to: stateFor(instance.state), code }],
  );
  return {
    moves,
    tallyDeltas: tallyDeltasFor(
      graph,
      moves.map(({ instance, to }) => ({ taskId: instance.taskId, from: instance.state, to })),
    ),
  };
}
