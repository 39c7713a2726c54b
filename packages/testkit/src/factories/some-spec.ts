import { type DagSpec, specFormat, type TaskSpec } from "@airloom/core";
import { someId } from "./some-id.ts";

/** A task as an author would leave it: everything default but what is given. */
export function someTask(given: Partial<TaskSpec> = {}): TaskSpec {
  const id = given.id ?? someId("task");
  return {
    id,
    kind: "task",
    operator: "task",
    group: null,
    displayName: id,
    docMd: null,
    upstream: [],
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
    ...given,
  };
}

/**
 * A Dag as plain data, with one task unless told otherwise.
 * @example someSpec({ tasks: [someTask({ id: "a" }), someTask({ id: "b", upstream: ["a"] })] })
 */
export function someSpec(given: Partial<DagSpec> = {}): DagSpec {
  const dagId = given.dagId ?? someId("dag");
  return {
    format: specFormat,
    dagId,
    displayName: dagId,
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
    params: { schema: { type: "object" }, defaults: {} },
    needsLogicalDate: false,
    data: null,
    groups: [],
    tasks: [someTask({ id: "only" })],
    edgeLabels: [],
    ...given,
  };
}
