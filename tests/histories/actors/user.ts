import { setTimeout as sleep } from "node:timers/promises";
import { clearTasks, createAndStart, markTasks, planNextRun, setRunState, tellCreated } from "@airloom/runs";
import type { Chance } from "../chance.ts";
import { executors, pools, publishAnew, specs } from "../world.ts";
import type { Api, Surroundings } from "./control-plane.ts";

interface UserAt extends Surroundings {
  readonly name: string;
  readonly apis: readonly Api[];
}

interface Act {
  readonly name: string;
  /** How often it is chosen beside the others. */
  readonly weight: number;
  readonly act: (user: UserAt, api: Api) => Promise<unknown>;
}

/** Someone who asks for runs, changes their mind, and changes limits under what runs. */
export async function runUser(at: Surroundings, given: Pick<UserAt, "name" | "apis">): Promise<void> {
  const user: UserAt = { ...at, ...given, chance: at.chance.fork(given.name) };
  while (!user.isCalm()) {
    await sleep(user.chance.between(5, 60));
    const { act } = weighted(user.chance, acts);
    await act(user, user.chance.pick(user.apis));
  }
}

/** A run that depends on a failed one waits until somebody decides: this is somebody. */
export async function excuseFailures({ deps }: Api, runKeys: readonly number[]): Promise<void> {
  for (const runKey of runKeys) await markTasks(deps, runKey, { tasks: null, to: "success" });
}

/** Lets everything go on that a user stopped, and ends the schedules: what there is now is all that is to be done. */
export async function resumeAll(at: Surroundings, api: Api): Promise<void> {
  const user: UserAt = { ...at, name: "resumer", apis: [api] };
  for (const spec of specs) {
    await pause(user, api, { dagId: spec.dagId, paused: false });
    if (spec.schedule.kind === "none") continue;
    const dag = await api.deps.store.tx((tx) => tx.findDag(spec.dagId));
    const endDate = (dag?.lastRun?.runAfter ?? new Date(spec.startDate ?? 0)).toISOString();
    await publishAnew(api.deps, { ...spec, endDate }, "last");
  }
}

/** Each act as often as it weighs. */
const weighted = (chance: Chance, all: readonly Act[]): Act =>
  chance.pick(all.flatMap((act) => Array<Act>(act.weight).fill(act)));

const triggered = specs.filter(({ schedule }) => schedule.kind === "none");

/** Often two at once: there may be room for one more run alone. */
async function trigger(user: UserAt): Promise<void> {
  const { chance, apis } = user;
  const { dagId, maxActiveRuns } = chance.pick(triggered);
  if (user.unfinished(dagId) > maxActiveRuns + 1) return;
  await Promise.all(apis.slice(chance.happens(0.5) ? 0 : 1).map((api) => triggerOne(user, api, dagId)));
}

function triggerOne({ chance, log, name }: UserAt, { deps }: Api, dagId: string): Promise<unknown> {
  // Few names, so that two ask for the same run now and then.
  const runId = `run ${chance.between(1, 600)}`;
  return log.call(
    { caller: name, verb: "createRun", args: { dagId, runId } },
    async () => {
      const created = await deps.store.tx(async (tx) => {
        const [, dag] = await Promise.all([tx.lockDags([dagId], { wait: true }), tx.findDag(dagId)]);
        if (!dag) throw new Error("no Dag");
        const version = await deps.versions.load(tx, dag.versionId);
        const request = {
          runId,
          runType: "manual" as const,
          logicalDate: null,
          intervalStart: null,
          intervalEnd: null,
        };
        const by = { conf: {}, triggeredBy: "test" as const, triggeringUser: name, note: null };
        return createAndStart({ tx, deps, version }, dag, { ...request, ...by, runAfter: tx.now });
      });
      if (created) await tellCreated(deps, created);
      return created;
    },
    (created) => ({ runKey: created?.run.id ?? null }),
  );
}

/** One of the newest runs, whatever its state. */
const someRunKey = ({ chance, recentRuns }: UserAt): number | null => {
  const keys = recentRuns();
  return keys.length > 0 ? chance.pick(keys) : null;
};

async function clear(user: UserAt, api: Api): Promise<unknown> {
  const { chance, log, name } = user;
  const runKey = someRunKey(user);
  if (runKey === null) return;
  const isForRunning = chance.happens(0.5);
  const options = {
    tasks: isForRunning ? null : await someTasks(user, api, runKey),
    onlyRunning: isForRunning,
    includeDownstream: chance.happens(0.6),
    onlyFailed: !isForRunning && chance.happens(0.2),
  };
  return log.call(
    { caller: name, verb: "clear", args: { runKey, ...options } },
    () => clearTasks(api.deps, runKey, options),
    movedOf,
  );
}

async function mark(user: UserAt, api: Api): Promise<unknown> {
  const { chance, log, name } = user;
  const runKey = someRunKey(user);
  if (runKey === null) return;
  const options = {
    tasks: await someTasks(user, api, runKey),
    to: chance.pick(["success", "failed", "skipped"] as const),
  };
  return log.call(
    { caller: name, verb: "mark", args: { runKey, ...options } },
    () => markTasks(api.deps, runKey, options),
    movedOf,
  );
}

const movedOf = ({
  instances,
}: {
  readonly instances: readonly { readonly id: string; readonly state: string; readonly attempt: number }[];
}) => instances.map(({ id, state, attempt }) => ({ id, state, attempt }));

async function someTasks({ chance }: UserAt, { deps }: Api, runKey: number) {
  if (chance.happens(0.15)) return null;
  const rows = await deps.store.tx((tx) => tx.listTaskInstances({ runKey })).catch(() => []);
  return rows.length === 0 ? null : [{ taskId: chance.pick(rows).taskId }];
}

async function markRun(user: UserAt, api: Api): Promise<unknown> {
  const runKey = someRunKey(user);
  if (runKey === null) return;
  const to = user.chance.pick(["queued", "success", "failed"] as const);
  return user.log.call(
    { caller: user.name, verb: "setRunState", args: { runKey, to } },
    () => setRunState(api.deps, runKey, to),
    movedOf,
  );
}

function pause(
  user: UserAt,
  { deps }: Api,
  given?: { readonly dagId: string; readonly paused: boolean },
): Promise<unknown> {
  const { chance, log, name } = user;
  const { dagId, paused } = given ?? { dagId: chance.pick(specs).dagId, paused: chance.happens(0.2) };
  return log.call(
    { caller: name, verb: "pause", args: { dagId, paused } },
    async () => {
      const changed = await deps.store.tx(async (tx) => {
        const ids = await tx.setPaused([dagId], paused);
        const dag = paused || ids.length === 0 ? null : await tx.findDag(dagId);
        if (dag) await planNextRun(tx, dag, await deps.versions.load(tx, dag.versionId));
        return ids;
      });
      for (const topic of ["dags", "runs", "admission"] as const) deps.store.hint(topic);
      return changed;
    },
    (changed) => changed,
  );
}

function limits({ chance, log, name }: UserAt, { deps }: Api): Promise<unknown> {
  const pool = { ...chance.pick(pools) };
  const executor = chance.pick(executors);
  const less = chance.between(0, 1);
  return log.call(
    { caller: name, verb: "limits", args: { pool: pool.name, executor: executor.name, less } },
    async () => {
      if (chance.happens(0.5)) await deps.store.tx((tx) => tx.updatePool({ ...pool, slots: pool.slots - less }));
      else await deps.store.tx((tx) => tx.upsertExecutor({ ...executor, parallelism: executor.parallelism - less }));
    },
    () => null,
  );
}

/** Often two at once, as when two processors read one file. */
async function publish({ chance, log, name, apis }: UserAt): Promise<void> {
  const spec = chance.pick(specs);
  const publishOne = ({ deps }: Api): Promise<unknown> => {
    const edition = `edition ${chance.between(1, 1_000_000)}`;
    return log.call(
      { caller: name, verb: "publish", args: { dagId: spec.dagId, edition } },
      () => publishAnew(deps, spec, edition),
      (versionId) => versionId,
    );
  };
  await Promise.all(apis.slice(chance.happens(0.5) ? 0 : 1).map(publishOne));
}

const acts: readonly Act[] = [
  { name: "trigger", weight: 20, act: trigger },
  { name: "clear", weight: 7, act: clear },
  { name: "mark", weight: 4, act: mark },
  { name: "mark a run", weight: 1, act: markRun },
  { name: "pause", weight: 1, act: pause },
  { name: "limits", weight: 2, act: limits },
  { name: "publish", weight: 4, act: publish },
];
