import type { DagGraph } from "../src/dag-spec/dag-graph.ts";
import type { DagRunView, RunView, TaskInstanceView } from "../src/scheduling/run-view.ts";
import { countTallies } from "../src/scheduling/tally.ts";
import type { TaskInstanceState } from "../src/states/task-instance-state.ts";

export const noon = new Date("2026-03-01T12:00:00.000Z");
export const later = (seconds: number): Date => new Date(noon.getTime() + seconds * 1_000);

export const instanceOf = (taskId: string, more: Partial<TaskInstanceView> = {}): TaskInstanceView => ({
  id: `${taskId}[${more.mapIndex ?? -1}]`,
  taskId,
  mapIndex: -1,
  state: "none",
  attempt: 0,
  tryNumber: 0,
  maxTries: 0,
  losses: 0,
  nextDueAt: null,
  leaseUntil: null,
  ...more,
});

export const runOf = (more: Partial<DagRunView> = {}): DagRunView => ({
  id: 1,
  dagId: "orders",
  runId: "manual__1",
  runType: "manual",
  state: "running",
  logicalDate: noon,
  intervalStart: noon,
  intervalEnd: noon,
  runAfter: noon,
  startedAt: noon,
  conf: {},
  unfinished: 1,
  ...more,
});

/** One unmapped instance per task, in the states given (`none` for the others); tallies counted from them. */
export function viewOf(
  graph: DagGraph,
  states: Readonly<Record<string, TaskInstanceState>> = {},
  more: Partial<RunView> = {},
): RunView {
  const instances = graph.order.map((taskId) => instanceOf(taskId, { state: states[taskId] ?? "none" }));
  return viewOfInstances(graph, instances, more);
}

export const viewOfInstances = (
  graph: DagGraph,
  instances: readonly TaskInstanceView[],
  more: Partial<RunView> = {},
): RunView => ({
  run: runOf(),
  graph,
  instances,
  tallies: countTallies(graph, instances),
  exclusions: new Map(),
  past: new Map(),
  sourceLengths: new Map(),
  ...more,
});
