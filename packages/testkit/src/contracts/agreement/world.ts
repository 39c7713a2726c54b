import type { DagRow, NewDagRun, NewTaskInstance, PublishedDag, Tx } from "@airloom/store";
import { someSpec } from "../../factories/some-spec.ts";

/** The few things that random operations are about: small enough that they meet often. */
export const dagIds = ["agree_a", "agree_b"] as const;
export const runIds = ["r0", "r1", "r2"] as const;
export const taskIds = ["t0", "t1", "t2"] as const;
export const poolNames = ["agree_pool_a", "agree_pool_b"] as const;
export const files = ["agree/a.ts", "agree/b.ts"] as const;
export const queues = ["agree_q0", "agree_q1"] as const;
export const tokens = ["token_0", "token_1", "token_2"] as const;

export type RunPlace = { readonly dag: number; readonly run: number };
export type InstancePlace = RunPlace & { readonly task: number };

/** A run's instances have ids that both stores share; the keys of runs are each store's own. */
export class World {
  readonly #keys = new Map<string, number>();
  readonly #names = new Map<number, string>();

  keyOf(place: RunPlace): number {
    return this.#keys.get(runNameOf(place)) ?? -1;
  }

  nameOfKey(key: number): string {
    return this.#names.get(key) ?? `unknown run`;
  }

  /** A run of this name was inserted, if only for a while: later ones of the same name take over. */
  remember(place: RunPlace, key: number): void {
    this.#keys.set(runNameOf(place), key);
    this.#names.set(key, runNameOf(place));
  }
}

export const dagOf = ({ dag }: { readonly dag: number }): string => dagIds[dag] ?? dagIds[0];
export const runOf = ({ run }: { readonly run: number }): string => runIds[run] ?? runIds[0];
export const taskOf = ({ task }: { readonly task: number }): string => taskIds[task] ?? taskIds[0];
const runNameOf = (place: RunPlace): string => `${dagOf(place)}/${runOf(place)}`;
export const instanceIdOf = (place: InstancePlace): string => `agree/${runNameOf(place)}/${taskOf(place)}`;

/** No two instances are equally urgent: ties go by time, and each store has its own clock. */
const priorityOf = ({ dag, run, task }: InstancePlace): number => dag * 100 + run * 10 + task;

let published = 0;

interface PublicationGiven {
  readonly dagId: string;
  readonly file: string;
  readonly limit: number;
  readonly artifact: number;
  readonly paused: boolean;
}

export function publicationOf({ dagId, file, limit, artifact, paused }: PublicationGiven): PublishedDag {
  published += 1;
  return {
    dagId,
    file,
    spec: someSpec({ dagId, maxActiveRuns: limit }),
    specHash: `limit ${limit}`,
    artifactId: `artifact ${artifact}`,
    newVersionId: `agree_version_${published}`,
    pausedUponCreation: paused,
  };
}

export const newRun = (
  dag: DagRow,
  given: { readonly at: RunPlace; readonly runAfter: Date; readonly logicalDate: Date | null },
): NewDagRun => ({
  dagId: dag.dagId,
  runId: runOf(given.at),
  runType: "manual",
  versionId: dag.versionId,
  logicalDate: given.logicalDate,
  intervalStart: null,
  intervalEnd: null,
  runAfter: given.runAfter,
  conf: { list: [given.at.run] },
  triggeredBy: "test",
  triggeringUser: null,
  note: null,
  unfinished: 0,
});

export const newInstance = (
  at: InstancePlace,
  given: Pick<NewTaskInstance, "runKey" | "mapIndex" | "pool" | "queue">,
): NewTaskInstance => ({
  id: instanceIdOf(at),
  dagId: dagOf(at),
  taskId: taskOf(at),
  operator: "task",
  maxTries: 1,
  poolSlots: 1 + at.task,
  executor: "local",
  priority: priorityOf(at),
  ...given,
});

/** From an empty world to one where there is something to do: two Dags, some runs of each, tasks that wait and tasks that may be claimed. */
export async function furnish(tx: Tx, world: World): Promise<void> {
  await empty(tx);
  for (const name of poolNames) await tx.insertPool({ name, slots: 4, description: null, includeDeferred: false });
  for (const dag of dagIds.keys()) {
    const file = files[dag] ?? files[0];
    const given = publicationOf({ dagId: dagOf({ dag }), file, limit: 1, artifact: 0, paused: false });
    const { dag: row } = await tx.publishDag(given);
    for (const run of [0, 1]) await furnishRun(tx, { row, at: { dag, run } }, world);
  }
}

async function furnishRun(
  tx: Tx,
  { row, at }: { readonly row: DagRow; readonly at: RunPlace },
  world: World,
): Promise<void> {
  const day = new Date(Date.UTC(1980, 0, 10 + at.run));
  const run = await tx.insertRun(newRun(row, { at, runAfter: day, logicalDate: day }));
  if (!run) return;
  world.remember(at, run.id);
  await tx.moveRun({ runKey: run.id, from: "queued", to: "running" });
  const instances = [...taskIds.keys()].map((task) =>
    newInstance(
      { ...at, task },
      { runKey: run.id, mapIndex: -1, pool: poolNames[at.run % 2] ?? "", queue: queues[task % 2] ?? "" },
    ),
  );
  await tx.insertTaskInstances(instances);
  const waiting = instances.slice(1).map(({ id }) => ({ id, from: "none", attempt: 0, to: "scheduled" }) as const);
  await tx.moveTaskInstances(waiting);
  const queued = waiting.slice(1).map(({ id }) => ({ id, from: "scheduled", attempt: 0, to: "queued" }) as const);
  await tx.moveTaskInstances(queued);
  const free = { executor: "local", workerId: "agree_worker", leaseMs: 3_600_000, warmArtifacts: [] };
  if (at.run === 0) await tx.claimQueued({ ...free, queues, tokenHashes: [`token of ${runNameOf(at)}`] });
}

/** So that a failing sequence stands for itself. */
async function empty(tx: Tx): Promise<void> {
  for (const dagId of dagIds) await tx.deleteDag(dagId);
  for (const name of poolNames) await tx.deletePool(name);
  await tx.takeWakeups(1_000_000);
  for (const file of files) await tx.putDagFile({ file, sourceHash: "", artifactId: null, source: "", seconds: 0 });
}
