import { randomUUID } from "node:crypto";
import {
  admitWaiting,
  advanceWokenRuns,
  type Claimed,
  claim,
  createFinishLanes,
  createRun,
  createVersions,
  defaultRunsSettings,
  type FinishLanes,
  type FinishOutcome,
  type FinishResult,
  type RunEvent,
  type RunRequest,
  type RunsDeps,
  startRuns,
  wakeDueRuns,
} from "@airloom/runs";
import type { DagRow, DagRunRow, Store, TaskInstanceRow } from "@airloom/store";

/** Everything the moves of a run need, over a store, with the events they told. */
export interface RunsUnderTest {
  readonly deps: RunsDeps;
  readonly lanes: FinishLanes;
  readonly events: RunEvent[];
}

export function runsOver(store: Store): RunsUnderTest {
  const events: RunEvent[] = [];
  const deps: RunsDeps = {
    store,
    versions: createVersions(),
    newId: () => randomUUID(),
    settings: defaultRunsSettings,
    tell: (event) => events.push(event),
  };
  return { deps, lanes: createFinishLanes(deps), events };
}

/** A manual run without dates, due long ago. */
export const someRunRequest = (given: Partial<RunRequest> = {}): RunRequest => ({
  runId: `manual__${randomUUID()}`,
  runType: "manual",
  logicalDate: null,
  intervalStart: null,
  intervalEnd: null,
  runAfter: new Date("2020-01-01T00:00:00Z"),
  conf: {},
  triggeredBy: "test",
  triggeringUser: null,
  note: null,
  ...given,
});

/** Creates a run of the Dag's current version and starts it, as a trigger does. */
export async function trigger(
  { deps }: RunsUnderTest,
  dag: DagRow,
  given: Partial<RunRequest> = {},
): Promise<DagRunRow> {
  const run = await deps.store.tx(async (tx) => {
    const version = await deps.versions.load(tx, dag.versionId);
    return createRun({ tx, deps, version }, someRunRequest(given));
  });
  if (!run) throw new Error("the run exists already");
  await startRuns(deps);
  return run;
}

/** What an imagined worker answers for an attempt. */
export type Work = (claimed: Claimed) => FinishOutcome & { readonly value?: Uint8Array; readonly length?: number };

export const succeeds: Work = () => ({ kind: "succeeded" });

export interface WorkPlace {
  /** @default 16 */
  readonly slots?: number;
  /** @default "default" */
  readonly queue?: string;
  /** @default "local" */
  readonly executor?: string;
}

/** Claims and finishes until nothing can be claimed: a worker without processes. Returns the ids of the tasks in the order they ran. */
export async function work(
  under: RunsUnderTest,
  answer: Work = succeeds,
  place: WorkPlace = {},
): Promise<readonly string[]> {
  const ran: string[] = [];
  for (;;) {
    const claimed = await hold(under, place);
    if (claimed.length === 0) {
      if (await settle(under.deps)) continue;
      return ran;
    }
    await Promise.all(claimed.map((one) => finish(under, one, answer(one))));
    ran.push(...claimed.map(({ instance }) => nameOf(instance)));
  }
}

/** Claims what is queued now, and does not finish it. */
export async function hold(
  { deps, lanes }: RunsUnderTest,
  { slots = 16, queue = "default", executor = "local" }: WorkPlace = {},
): Promise<readonly Claimed[]> {
  const claimed = await claim(deps, {
    executor,
    queues: [queue],
    workerId: "worker",
    tokenHashes: Array.from({ length: slots }, () => randomUUID()),
    leaseMs: 30_000,
    warmArtifacts: [],
  });
  lanes.remember(claimed.map(({ instance }) => instance));
  return claimed;
}

export const nameOf = ({ taskId, mapIndex }: TaskInstanceRow): string =>
  mapIndex < 0 ? taskId : `${taskId}[${mapIndex}]`;

/** What the scheduler's loops would do by now. @returns whether they did anything. */
export async function settle(deps: RunsDeps): Promise<boolean> {
  let did = false;
  for (;;) {
    const moved =
      (await startRuns(deps)) + (await advanceWokenRuns(deps)) + (await wakeDueRuns(deps)) + (await admitWaiting(deps));
    if (moved === 0) return did;
    did = true;
  }
}

export async function finish(
  { lanes }: RunsUnderTest,
  { instance }: Claimed,
  answer: ReturnType<Work> = { kind: "succeeded" },
): Promise<FinishResult["result"]> {
  const { value, length, ...outcome } = answer;
  const xcoms = value ? [{ key: "return_value", value, elements: null, length: length ?? null }] : [];
  const { result } = await lanes.finish({
    taskInstanceId: instance.id,
    attempt: instance.attempt,
    tokenHash: instance.tokenHash ?? "",
    outcome,
    xcoms,
  });
  return result;
}

/** States by task (`task[index]` when mapped), and of the run. */
export async function statesOf(store: Store, runKey: number): Promise<Record<string, string>> {
  return store.tx(async (tx) => {
    const [run] = await tx.listRunsByKey([runKey]);
    const rows = await tx.listTaskInstances({ runKey });
    return Object.fromEntries([["(run)", run?.state ?? "gone"], ...rows.map((row) => [nameOf(row), row.state])]);
  });
}
