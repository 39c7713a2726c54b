import { type DagGraph, graphOf } from "../src/dag-spec/dag-graph.ts";
import type { DagSpec } from "../src/dag-spec/dag-spec.ts";
import type { TaskSpec } from "../src/dag-spec/task-spec.ts";

/** A task with every default; `more` says what matters to the test. */
export const taskOf = (id: string, upstream: readonly string[] = [], more: Partial<TaskSpec> = {}): TaskSpec => ({
  id,
  kind: "task",
  operator: "task",
  group: null,
  displayName: id,
  docMd: null,
  upstream,
  args: [],
  mapped: false,
  elementwise: false,
  branches: null,
  triggerRule: "all_success",
  retries: 0,
  retryDelaySeconds: 300,
  retryBackoff: 1,
  maxRetryDelaySeconds: null,
  executionTimeoutSeconds: null,
  pool: "default_pool",
  poolSlots: 1,
  priorityWeight: 1,
  weightRule: "downstream",
  queue: "default",
  executor: null,
  maxActivePerDag: null,
  maxActivePerRun: null,
  dependsOnPast: false,
  waitForDownstream: false,
  isolation: "warm",
  onLost: "retry",
  inputSchema: null,
  outputSchema: null,
  digest: `digest of ${id}`,
  ...more,
});

export const specOf = (tasks: readonly TaskSpec[], more: Partial<DagSpec> = {}): DagSpec => ({
  format: 1,
  dagId: "orders",
  displayName: "orders",
  description: null,
  docMd: null,
  tags: [],
  owners: [],
  schedule: { kind: "none" },
  startDate: null,
  endDate: null,
  catchup: false,
  maxActiveRuns: 16,
  maxActiveTasks: 16,
  maxConsecutiveFailedRuns: 0,
  runTimeoutSeconds: null,
  failFast: false,
  pausedUponCreation: null,
  params: { schema: {}, defaults: {} },
  needsLogicalDate: false,
  data: null,
  groups: [],
  tasks,
  edgeLabels: [],
  ...more,
});

/** The graph of plain tasks. @example graphFrom({ extract: [], load: ["extract"] }) */
export const graphFrom = (
  upstreams: Readonly<Record<string, readonly string[]>>,
  more: Readonly<Record<string, Partial<TaskSpec>>> = {},
): DagGraph => graphOf(specOf(Object.entries(upstreams).map(([id, upstream]) => taskOf(id, upstream, more[id]))));
