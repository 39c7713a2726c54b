import { explain, isFinished, isRunFinished, readiness } from "@airloom/core";
import { loadRunView, markTasks, planNextRun, type RunsDeps, setRunState } from "@airloom/runs";
import type { DagRunRow, Tx } from "@airloom/store";
import type { Cluster } from "./cluster.ts";
import { checkHealing } from "./invariants/check-healing.ts";
import { storeOf } from "./sim-store.ts";
import { setPool } from "./users.ts";
import { Violation } from "./violation.ts";
import type { World } from "./world.ts";

/** So long everything may take to come to its end once nothing goes wrong any more, virtual ms. */
const patienceMs = 300_000;
const roundMs = 1_000;

/** The second phase: no trouble, everybody is there, and an operator puts right what only a person can. Everything must end. */
export async function heal(world: World, cluster: Cluster): Promise<void> {
  world.isHealing = true;
  world.cuts.clear();
  world.note("HEALING");
  const began = world.loop.now;
  let isOver = false;
  const round = (): void => {
    isOver = isAtRest(world);
    if (isOver) return;
    checkHealing(world, world.loop.now - began);
    if (world.loop.now - began > patienceMs) {
      void tellStuck(world, cluster);
      return;
    }
    void operate(world, cluster).catch((error: unknown) => world.note(`the operator failed: ${String(error)}`));
    world.loop.after(roundMs, { owner: null, label: "an operator looks" }, round);
  };
  world.loop.after(1, { owner: null, label: "an operator looks" }, round);
  // Whoever is asked to explain may be stuck as well.
  await world.loop.run(() => isOver || world.loop.now - began > patienceMs + 10_000);
  if (!isOver) throw new Violation(16, stuck(world));
}

function isAtRest({ mirror, files }: World): boolean {
  const published = [...files.keys()].every((dagId) => mirror.dags.has(dagId));
  const made = [...mirror.dags.values()].every(({ nextRun }) => nextRun === null);
  const ended = [...mirror.runs.values()].every(({ state }) => isRunFinished(state));
  return published && made && ended && [...mirror.instances.values()].every(({ leaseUntil }) => leaseUntil === null);
}

async function operate(world: World, { servers, apis }: Cluster): Promise<void> {
  const server = servers.find(({ process }) => process?.isAlive && process.frozenUntil <= world.loop.now);
  const deps = server && apis.get(server.name);
  if (!server?.process || !deps) return;
  const own: RunsDeps = { ...deps, store: storeOf(world, server.process, "user") };
  const pool = world.mirror.pools.get("small");
  if (!pool || pool.slots < 2) await setPool(own, 2);
  for (const { dagId, isPaused } of world.mirror.dags.values()) if (isPaused) await unpause(own, dagId);
  for (const run of world.mirror.runs.values()) await letPastGo(world, own, run);
}

async function unpause(deps: RunsDeps, dagId: string): Promise<void> {
  await deps.store.tx(async (tx) => {
    await tx.setPaused([dagId], false);
    const dag = await tx.findDag(dagId);
    if (dag) await planNextRun(tx, dag, await deps.versions.load(tx, dag.versionId));
  });
  for (const topic of ["dags", "runs", "admission"] as const) deps.store.hint(topic);
}

/** A task that depends on the past waits for a person when the past has failed. */
async function letPastGo(world: World, deps: RunsDeps, run: DagRunRow): Promise<void> {
  const graph = world.mirror.graphOf(run.versionId);
  if (!graph || run.logicalDate === null) return;
  const waits = [...graph.tasks.values()].filter((task) => task.dependsOnPast || task.waitForDownstream);
  const matter = new Set(waits.flatMap((task) => [task.id, ...(graph.downstream.get(task.id) ?? [])]));
  const failed = world.mirror
    .instancesOfRun(run.id)
    .filter(({ taskId, state }) => matter.has(taskId) && (state === "failed" || state === "upstream_failed"));
  if (failed.length === 0) return makeRoom(world, deps, run);
  world.count("operator let the past go");
  const tasks = failed.map(({ taskId, mapIndex }) => ({ taskId, mapIndex }));
  await markTasks(deps, run.id, { tasks, to: "success" });
}

/** A run that takes the place of an earlier one, which it waits for (someone cleared that one), steps back. */
async function makeRoom({ mirror }: World, deps: RunsDeps, run: DagRunRow): Promise<void> {
  const { logicalDate } = run;
  const dag = mirror.dags.get(run.dagId);
  const others = [...mirror.runs.values()].filter(({ dagId }) => dagId === run.dagId);
  const running = others.filter(({ state }) => state === "running");
  const isBehind = others.some(
    (other) => other.state === "queued" && logicalDate && other.logicalDate && other.logicalDate < logicalDate,
  );
  const rests = mirror.instancesOfRun(run.id).every(({ state }) => isFinished(state) || state === "none");
  if (run.state !== "running" || !rests || !isBehind || !dag || running.length < dag.maxActiveRuns) return;
  await setRunState(deps, run.id, "queued");
}

/** With what `explain` says of each instance that waits. */
async function tellStuck(world: World, { servers, apis }: Cluster): Promise<void> {
  const server = servers.find(({ process }) => process?.isAlive);
  const deps = server && apis.get(server.name);
  const words = deps ? await deps.store.tx((tx) => explainAll(world, deps, tx)).catch(String) : "";
  world.loop.fail(new Violation(16, `${stuck(world)}\n${words}`));
}

async function explainAll({ mirror }: World, deps: RunsDeps, tx: Tx): Promise<string> {
  const lines: string[] = [];
  for (const run of mirror.runs.values()) {
    const graph = mirror.graphOf(run.versionId);
    if (run.state !== "running" || !graph) continue;
    const view = await loadRunView({ tx, run, graph, deps }, "all");
    for (const instance of view.instances) {
      const verdict = readiness(instance, view, tx.now);
      const { state, code } = instance;
      const { title } =
        verdict.kind === "pass" ? explain({ kind: "state", state, code }) : explain({ kind: "verdict", verdict });
      lines.push(`run ${run.id} ${instance.taskId}[${instance.mapIndex}]: ${title}`);
    }
  }
  return lines.join("\n");
}

function stuck({ mirror }: World): string {
  const lines = [...mirror.runs.values()]
    .filter(({ state }) => !isRunFinished(state))
    .map(({ id, dagId, runId, state }) => {
      const open = mirror.instancesOfRun(id).filter((row) => !isFinished(row.state));
      const words = open.map(
        (row) =>
          `${row.taskId}[${row.mapIndex}] ${row.state} try ${row.tryNumber} lease ${row.leaseUntil?.toISOString() ?? "-"}`,
      );
      return `run ${id} of ${dagId} (${runId}) is ${state}: ${words.join("; ")}`;
    });
  const cursors = [...mirror.dags.values()].map(
    ({ dagId, nextRun, isPaused }) =>
      `${dagId} next ${nextRun?.runAfter.toISOString() ?? "-"}${isPaused ? " paused" : ""}`,
  );
  return `not at rest after ${patienceMs / 1_000} s without trouble:\n${[...lines, ...cursors].join("\n")}`;
}
