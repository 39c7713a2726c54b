import type { DagSpec } from "@airloom/core";
import { planNextRun, type RunsDeps } from "@airloom/runs";
import type { Store } from "@airloom/store";
import { somePublication, someSpec, someTask } from "@airloom/testkit";

/** Two executors and two pools, each pool on both: every limit is the one that counts for somebody. */
export const executors = [
  { name: "left", parallelism: 4 },
  { name: "right", parallelism: 4 },
];
export const pools = [
  { name: "narrow", slots: 4, description: null, includeDeferred: false },
  { name: "wide", slots: 5, description: null, includeDeferred: false },
];

const retried = { retries: 1, retryDelaySeconds: 0.05 };
const narrow = { pool: "narrow" };
const wide = { pool: "wide" };
const left = { executor: "left" };
const right = { executor: "right" };

/** Dags of few tasks with the shapes that matter: fan-out and fan-in, a chain, rules that do not wait for all, past runs. */
export const specs: readonly DagSpec[] = [
  someSpec({
    dagId: "fan",
    maxActiveRuns: 3,
    maxActiveTasks: 4,
    tasks: [
      someTask({ id: "first", ...left, ...narrow }),
      ...["b1", "b2", "b3", "b4", "b5"].map((id) =>
        someTask({ id, upstream: ["first"], ...left, ...narrow, ...retried }),
      ),
      someTask({
        id: "join",
        upstream: ["b1", "b2", "b3", "b4", "b5"],
        triggerRule: "all_done",
        ...left,
        ...wide,
        poolSlots: 2,
      }),
      someTask({ id: "alarm", upstream: ["b1", "b2", "b3", "b4", "b5"], triggerRule: "one_failed", ...left, ...wide }),
    ],
  }),
  someSpec({
    dagId: "short",
    maxActiveRuns: 2,
    tasks: ["s1", "s2", "s3"].map((id, n) =>
      someTask({ id, upstream: n === 0 ? [] : [`s${n}`], ...left, ...narrow, priorityWeight: 3 }),
    ),
  }),
  someSpec({
    dagId: "chain",
    maxActiveRuns: 3,
    tasks: ["c1", "c2", "c3", "c4"].map((id, n) =>
      someTask({ id, upstream: n === 0 ? [] : [`c${n}`], ...left, ...wide, ...retried, priorityWeight: 3 }),
    ),
  }),
  someSpec({
    dagId: "roots",
    maxActiveRuns: 3,
    maxActiveTasks: 3,
    tasks: [
      ...["r1", "r2", "r3", "r4", "r5"].map((id) => someTask({ id, ...right, ...narrow, maxActivePerDag: 2 })),
      someTask({
        id: "any",
        upstream: ["r1", "r2"],
        triggerRule: "one_success",
        ...right,
        ...wide,
        maxActivePerRun: 1,
      }),
      someTask({ id: "none", upstream: ["r3", "r4", "r5"], triggerRule: "none_failed", ...right, ...wide }),
    ],
  }),
  someSpec({
    dagId: "hourly",
    schedule: { kind: "cron", expressions: ["0 * * * *"], timezone: "UTC", interval: "point" },
    startDate: "2025-01-01T00:00:00Z",
    catchup: true,
    maxActiveRuns: 2,
    tasks: [
      someTask({ id: "h1", ...right, ...wide, ...retried }),
      someTask({ id: "h2", upstream: ["h1"], ...right, ...narrow, poolSlots: 2 }),
    ],
  }),
  someSpec({
    dagId: "daily",
    schedule: { kind: "cron", expressions: ["0 0 * * *"], timezone: "UTC", interval: "point" },
    startDate: "2023-01-01T00:00:00Z",
    catchup: true,
    maxActiveRuns: 3,
    tasks: [
      someTask({ id: "d1", dependsOnPast: true, ...right, ...wide }),
      someTask({ id: "d2", upstream: ["d1"], ...left, ...wide }),
    ],
  }),
];

/** What a look at a Dag's file that found something new does. */
export function publishAnew(deps: RunsDeps, spec: DagSpec, edition: string): Promise<string> {
  return deps.store.tx(async (tx) => {
    const { dag } = await tx.publishDag(
      somePublication(spec, { specHash: edition, newVersionId: `${spec.dagId} ${edition}` }),
    );
    await planNextRun(tx, dag, await deps.versions.load(tx, dag.versionId));
    return dag.versionId;
  });
}

/** The limits and the first versions. */
export async function makeWorld(store: Store, deps: RunsDeps): Promise<void> {
  await store.tx(async (tx) => {
    for (const executor of executors) await tx.upsertExecutor(executor);
    for (const pool of pools) await tx.insertPool(pool);
    for (const { dagId } of specs)
      await tx.insertArtifact({ id: `artifact of ${dagId}`, file: `dags/${dagId}.ts`, manifest: {}, partHashes: [] });
  });
  for (const spec of specs) await publishAnew(deps, spec, "first");
}
