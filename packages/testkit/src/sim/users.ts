import { AirloomError } from "@airloom/core";
import {
  clearTasks,
  createAndStart,
  markTasks,
  planNextRun,
  type RunsDeps,
  setRunState,
  tellCreated,
} from "@airloom/runs";
import type { DagRunRow } from "@airloom/store";
import type { Cluster } from "./cluster.ts";
import { beginning } from "./plan-dags.ts";
import { storeOf } from "./sim-store.ts";
import { Violation } from "./violation.ts";
import type { World } from "./world.ts";

const everyMs = 1_500;
const pauseMs = 4_000;

/** People who trigger runs, and who clear, mark, pause and change limits while they go on: by the functions the routes call. */
export function startUsers(world: World, cluster: Cluster): void {
  for (const { dagId, triggers } of world.plan.dags) {
    for (let made = 0; made < triggers; made += 1) {
      const at = world.random.between(1_000, world.plan.troubledMs / 2);
      world.loop.after(at, { owner: null, label: `someone triggers ${dagId}` }, () =>
        trigger(world, cluster, { dagId, number: made + 1 }),
      );
    }
  }
  if (world.plan.rates.users === 0) return;
  const again = (): void =>
    void world.loop.after(
      world.random.between(0, (2 * everyMs) / world.plan.rates.users),
      { owner: null, label: "a user acts" },
      () => {
        if (world.isHealing) return;
        void act(world, cluster);
        again();
      },
    );
  again();
}

/** What an API server does for a user now; null when there is none to ask. */
function userDeps(world: World, { servers, apis }: Cluster): RunsDeps | null {
  const up = servers.filter(({ process }) => process?.isAlive && process.frozenUntil <= world.loop.now);
  if (up.length === 0) return null;
  const { name, process } = world.random.pick(up);
  const deps = apis.get(name);
  return deps && process ? { ...deps, store: storeOf(world, process, "user") } : null;
}

interface Place {
  readonly world: World;
  readonly cluster: Cluster;
}

/** Asks until there is an answer, as a person would who sees an error: every change of these may be made twice. */
async function insist(
  { world, cluster }: Place,
  what: string,
  change: (deps: RunsDeps) => Promise<void>,
): Promise<void> {
  for (let tried = 0; tried < 20; tried += 1) {
    const deps = userDeps(world, cluster);
    const isDone = deps ? await tryOnce(world, deps, change) : false;
    if (isDone) return;
    if (tried > 0) world.count("user's change failed and was repeated");
    await new Promise<void>((resolve) => {
      world.loop.after(700, { owner: null, label: `${what} again` }, resolve);
    });
  }
}

/** An API server that dies meanwhile answers nobody: the user gives up waiting. */
function tryOnce(world: World, deps: RunsDeps, change: (deps: RunsDeps) => Promise<void>): Promise<boolean> {
  return new Promise((resolve) => {
    const forget = world.loop.after(5_000, { owner: null, label: "a user waits no longer" }, () => resolve(false));
    change(deps).then(
      () => {
        forget();
        resolve(true);
      },
      (error: unknown) => {
        forget();
        // A refusal is an answer.
        resolve(error instanceof AirloomError && error.status < 500);
      },
    );
  });
}

async function trigger(
  world: World,
  cluster: Cluster,
  { dagId, number }: { readonly dagId: string; readonly number: number },
): Promise<void> {
  const id = `by_hand_${number}`;
  // Of an earlier date, but started later, a run would wait for ever behind those that wait for it.
  const isDated = !looksBack(world, dagId) && world.random.chance(0.5);
  const logicalDate = isDated ? new Date(beginning - number * 60_000) : null;
  await insist({ world, cluster }, `trigger of ${dagId}`, async (deps) => {
    const created = await deps.store.tx(async (tx) => {
      const [, dag] = await Promise.all([tx.lockDags([dagId], { wait: true }), tx.findDag(dagId)]);
      if (!dag) throw new Error("not published yet");
      const version = await deps.versions.load(tx, dag.versionId);
      return createAndStart({ tx, deps, version }, dag, {
        runId: id,
        runType: "manual",
        logicalDate,
        intervalStart: logicalDate,
        intervalEnd: logicalDate,
        runAfter: tx.now,
        conf: world.random.chance(0.3) ? { list: [1, 2] } : {},
        triggeredBy: "rest_api",
        triggeringUser: "ann",
        note: null,
      });
    });
    if (created) await tellCreated(deps, created);
    else world.count("duplicate run refused");
    world.acknowledged.push(() => {
      const isThere = [...world.mirror.runs.values()].some((run) => run.dagId === dagId && run.runId === id);
      if (!isThere) throw new Violation(22, `run ${id} of ${dagId} was acknowledged and is not there`);
    });
  });
}

const looksBack = ({ files }: World, dagId: string): boolean =>
  files.get(dagId)?.tasks.some((task) => task.dependsOnPast || task.waitForDownstream) ?? false;

/** One of the things people do to what is there. */
async function act(world: World, cluster: Cluster): Promise<void> {
  const { random, mirror } = world;
  const runs = [...mirror.runs.values()];
  const run = runs.length > 0 ? random.pick(runs) : null;
  const pick = random.next();
  if (pick < 0.15) return pauseAWhile(world, cluster);
  if (pick < 0.25) return changePool(world, cluster);
  if (!run) return;
  if (pick < 0.6) return clear(world, cluster, run);
  if (pick < 0.85) return mark(world, cluster, run);
  const to = random.pick(["queued", "success", "failed"] as const);
  await insist({ world, cluster }, `run ${run.id} ${to}`, async (deps) => {
    await setRunState(deps, run.id, to);
    world.count("run marked");
  });
}

async function clear(world: World, cluster: Cluster, run: DagRunRow): Promise<void> {
  const { random, mirror } = world;
  const instances = mirror.instancesOfRun(run.id);
  const tasks = random.chance(0.2) ? null : [{ taskId: random.pick(instances).taskId }];
  const options = { tasks, includeDownstream: random.chance(0.6), onlyFailed: random.chance(0.2) };
  await insist({ world, cluster }, `clear of run ${run.id}`, async (deps) => {
    const { instances: changed } = await clearTasks(deps, run.id, options);
    if (changed.some(({ state }) => state === "restarting")) world.count("cleared while running");
  });
}

async function mark(world: World, cluster: Cluster, run: DagRunRow): Promise<void> {
  const { random, mirror } = world;
  const { taskId, mapIndex } = random.pick(mirror.instancesOfRun(run.id));
  const to = random.pick(["success", "failed", "skipped"] as const);
  const tasks = [random.chance(0.5) ? { taskId } : { taskId, mapIndex }];
  await insist({ world, cluster }, `mark of run ${run.id}`, async (deps) => {
    const { instances } = await markTasks(deps, run.id, { tasks, to });
    if (instances.some(({ leaseUntil }) => leaseUntil !== null)) world.count("marked while running");
  });
}

async function pauseAWhile(world: World, cluster: Cluster): Promise<void> {
  const { dagId } = world.random.pick(world.plan.dags);
  await insist({ world, cluster }, `pause of ${dagId}`, (deps) => setPaused(deps, dagId, true));
  world.loop.after(world.random.between(0, pauseMs), { owner: null, label: `someone unpauses ${dagId}` }, () => {
    void insist({ world, cluster }, `unpause of ${dagId}`, (deps) => setPaused(deps, dagId, false));
  });
}

/** What `setPaused` of the API does. */
async function setPaused(deps: RunsDeps, dagId: string, paused: boolean): Promise<void> {
  await deps.store.tx(async (tx) => {
    const changed = await tx.setPaused([dagId], paused);
    const dag = paused || changed.length === 0 ? null : await tx.findDag(dagId);
    if (dag) await planNextRun(tx, dag, await deps.versions.load(tx, dag.versionId));
  });
  for (const topic of paused ? (["dags"] as const) : (["dags", "runs", "admission"] as const)) deps.store.hint(topic);
}

async function changePool(world: World, cluster: Cluster): Promise<void> {
  const slots = world.random.whole(0, world.plan.knobs.poolSlots + 1);
  await insist({ world, cluster }, "change of the pool", (deps) => setPool(deps, slots));
}

export async function setPool(deps: RunsDeps, slots: number): Promise<void> {
  const pool = { name: "small", slots, description: null, includeDeferred: false };
  await deps.store.tx(async (tx) => {
    if (!(await tx.updatePool(pool))) await tx.insertPool(pool);
  });
  deps.store.hint("admission");
}
