import { AirloomError, isFinished } from "@airloom/core";
import type { Version } from "@airloom/runs";
import type { AttemptRow, TaskInstanceRow, Tx } from "@airloom/store";
import { z } from "zod";
import type { ApiDeps } from "../../api-deps.ts";
import { iso, secondsBetween } from "../../http/instant.ts";
import { integer } from "../../http/list-query.ts";
import { type AnyRoute, route } from "../../http/route.ts";
import { versionShape } from "../dags/dag-shape.ts";
import { instanceIn, runIn } from "../find.ts";
import { instancePath, mapIndexQuery, taskPath } from "../ids.ts";
import { type InstanceName, instanceName } from "./instance-routes.ts";
import { stateShape } from "./instance-shape.ts";

const path = "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}";
const tryPath = z.object({ task_try_number: integer });

/** The tries of an instance: what each was handed out as, in one entry. */
export const tryRoutes = (deps: ApiDeps): readonly AnyRoute[] => [
  route({
    method: "GET",
    path: `${path}/tries`,
    summary: "Get Task Instance Tries",
    can: "read",
    params: taskPath,
    query: mapIndexQuery,
    handle: ({ params, query }) => tryCollection(deps, instanceName(params, query.map_index)),
  }),
  route({
    method: "GET",
    path: `${path}/{map_index}/tries`,
    summary: "Get Mapped Task Instance Tries",
    can: "read",
    params: instancePath,
    handle: ({ params }) => tryCollection(deps, instanceName(params, params.map_index)),
  }),
  route({
    method: "GET",
    path: `${path}/tries/{task_try_number}`,
    summary: "Get Task Instance Try Details",
    can: "read",
    params: taskPath.extend(tryPath.shape),
    query: mapIndexQuery,
    handle: ({ params, query }) => oneTry(deps, instanceName(params, query.map_index), params.task_try_number),
  }),
  route({
    method: "GET",
    path: `${path}/{map_index}/tries/{task_try_number}`,
    summary: "Get Mapped Task Instance Try Details",
    can: "read",
    params: instancePath.extend(tryPath.shape),
    handle: ({ params }) => oneTry(deps, instanceName(params, params.map_index), params.task_try_number),
  }),
];

async function tryCollection(deps: ApiDeps, name: InstanceName) {
  const tries = await triesOf(deps, name);
  return { task_instances: tries, total_entries: tries.length };
}

async function oneTry(deps: ApiDeps, name: InstanceName, tryNumber: number) {
  const found = (await triesOf(deps, name)).find((one) => one.try_number === tryNumber);
  if (!found) throw new AirloomError("NOT_FOUND", { what: `Try ${tryNumber} of task "${name.taskId}"` });
  return found;
}

const triesOf = (deps: ApiDeps, name: InstanceName) =>
  deps.store.tx(async (tx) => {
    const run = await runIn(tx, name.dagId, name.runId);
    const instance = await instanceIn(tx, run, name);
    const version = await deps.versions.load(tx, run.versionId);
    const attempts = await tx.listAttempts(instance.id);
    const numbers = new Set([...attempts.map((one) => one.tryNumber), instance.tryNumber]);
    return [...numbers]
      .filter((number) => number > 0)
      .sort((a, b) => a - b)
      .map((number) => tryShape({ instance, version, runId: run.runId }, number, attemptsOf(attempts, number)));
  });

/** The attempts of one try, in order: a lost or given-back one is followed by another of the same try. */
export const attemptsOf = (attempts: readonly AttemptRow[], tryNumber: number): readonly AttemptRow[] =>
  attempts.filter((one) => one.tryNumber === tryNumber).toSorted((a, b) => a.attempt - b.attempt);

interface Tried {
  readonly instance: TaskInstanceRow;
  readonly version: Version;
  readonly runId: string;
}

function tryShape({ instance, version, runId }: Tried, tryNumber: number, attempts: readonly AttemptRow[]) {
  const last = attempts.at(-1);
  const isCurrent = tryNumber === instance.tryNumber;
  const startedAt = attempts[0]?.startedAt ?? (isCurrent ? instance.startedAt : null);
  const endedAt = isCurrent ? instance.endedAt : (last?.endedAt ?? null);
  const { spec, tasks } = version.graph;
  return {
    task_id: instance.taskId,
    dag_id: instance.dagId,
    dag_run_id: runId,
    map_index: instance.mapIndex,
    start_date: iso(startedAt),
    end_date: iso(endedAt),
    duration: secondsBetween(startedAt, endedAt),
    state: isCurrent ? stateShape(instance.state) : stateOfTry(last),
    try_number: tryNumber,
    max_tries: instance.maxTries,
    task_display_name: tasks.get(instance.taskId)?.displayName ?? instance.taskId,
    dag_display_name: spec.displayName,
    hostname: last?.hostname ?? null,
    unixname: null,
    pool: instance.pool,
    pool_slots: instance.poolSlots,
    queue: instance.queue,
    priority_weight: instance.priority,
    operator: instance.operator,
    operator_name: instance.operator,
    queued_when: iso(attempts[0]?.queuedAt ?? (isCurrent ? instance.queuedAt : null)),
    scheduled_when: isCurrent ? iso(instance.scheduledAt) : null,
    pid: last?.pid ?? null,
    executor: instance.executor,
    executor_config: "{}",
    dag_version: versionShape({
      versionId: version.row.id,
      versionNumber: version.row.number,
      versionCreatedAt: version.row.createdAt,
      dagId: instance.dagId,
      displayName: spec.displayName,
    }),
  };
}

const stateByOutcome: Readonly<Record<string, string>> = { succeeded: "success", skipped: "skipped" };

/** An earlier try: what its last attempt came to. One that did not succeed or skip has failed, whatever it was. */
const stateOfTry = (last: AttemptRow | undefined): string => stateByOutcome[last?.outcome ?? ""] ?? "failed";

/** Whether more may come: the try that is under way. */
export const isLiveTry = (instance: TaskInstanceRow, tryNumber: number): boolean =>
  tryNumber === instance.tryNumber && !isFinished(instance.state) && instance.state !== "up_for_retry";

/** An instance with its attempts. */
export async function attemptsIn(tx: Tx, name: InstanceName) {
  const instance = await instanceIn(tx, await runIn(tx, name.dagId, name.runId), name);
  return { instance, attempts: await tx.listAttempts(instance.id) };
}
