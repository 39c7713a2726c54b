import type { TaskInstanceState } from "@airloom/core";
import type { ClaimOptions, DagRunRow, NewTaskInstance, Store, TaskInstanceRow, Tx } from "@airloom/store";
import { someId } from "./some-id.ts";
import { someRun } from "./some-run.ts";

export interface TaskInstanceGiven extends Partial<NewTaskInstance> {
  /** A running run of its own if not given. */
  readonly run?: DagRunRow;
  /** @default "none" */
  readonly state?: TaskInstanceState;
  /** How it is claimed on the way to `running`. */
  readonly claim?: Partial<ClaimOptions>;
}

/** A new instance of a run. Its queue is its own, so that a claim of that queue gets this one. */
export const someNewTaskInstance = (run: DagRunRow, given: Partial<NewTaskInstance> = {}): NewTaskInstance => ({
  id: someId("instance"),
  runKey: run.id,
  dagId: run.dagId,
  taskId: someId("task"),
  mapIndex: -1,
  operator: "task",
  maxTries: 0,
  pool: "default_pool",
  poolSlots: 1,
  queue: someId("queue"),
  executor: "local",
  priority: 1,
  ...given,
});

const pathTo: Readonly<Record<TaskInstanceState, readonly TaskInstanceState[]>> = {
  none: [],
  scheduled: ["scheduled"],
  queued: ["scheduled", "queued"],
  running: ["scheduled", "queued", "running"],
  restarting: ["scheduled", "queued", "running", "restarting"],
  up_for_retry: ["scheduled", "queued", "running", "up_for_retry"],
  up_for_reschedule: ["scheduled", "queued", "running", "up_for_reschedule"],
  deferred: ["scheduled", "queued", "running", "deferred"],
  awaiting_input: ["scheduled", "queued", "running", "awaiting_input"],
  success: ["success"],
  failed: ["failed"],
  skipped: ["skipped"],
  upstream_failed: ["upstream_failed"],
  removed: ["removed"],
};

/** What a worker with one free slot asks for: a token of its own, a lease of an hour. */
export const someClaim = (given: Partial<ClaimOptions> = {}): ClaimOptions => ({
  executor: "local",
  queues: ["default"],
  workerId: "worker",
  tokenHashes: [someId("token")],
  leaseMs: 3_600_000,
  warmArtifacts: [],
  ...given,
});

/** A task instance in a state, moved and claimed as real ones are. */
export async function someTaskInstance(store: Store, given: TaskInstanceGiven = {}): Promise<TaskInstanceRow> {
  const { run = await someRun(store), state = "none", claim = {}, ...columns } = given;
  const instance = someNewTaskInstance(run, columns);
  return store.tx(async (tx) => {
    await tx.insertTaskInstances([instance]);
    for (const to of pathTo[state]) await goTo(tx, instance, { to, claim });
    const row = await tx.findTaskInstance(instance.id);
    if (!row || row.state !== state) throw new Error(`no instance became ${state}, but ${JSON.stringify(row)}`);
    return row;
  });
}

async function goTo(
  tx: Tx,
  { id, executor, queue }: NewTaskInstance,
  { to, claim }: { readonly to: TaskInstanceState; readonly claim: Partial<ClaimOptions> },
): Promise<void> {
  const row = await tx.findTaskInstance(id);
  if (!row) return;
  if (to === "running") await tx.claimQueued(someClaim({ executor, queues: [queue], ...claim }));
  else await tx.moveTaskInstances([{ id, from: row.state, attempt: row.attempt, to }]);
}
