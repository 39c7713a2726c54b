import { isFinished } from "@airloom/core";
import type { AttemptRow, DagRow, DagRunRow, TaskInstanceRow } from "@airloom/store";
import type { Sometimes } from "./counters.ts";
import type { Change, Commit } from "./mirror.ts";
import type { World } from "./world.ts";

/** What of the things that should happen sometimes a commit shows. */
export function countCommit(world: World, commit: Commit): void {
  for (const change of commit.attempts) countAttempt(world, change);
  for (const change of commit.instances) countInstance(world, change, commit);
  for (const change of commit.runs) countRun(world, change);
  for (const change of commit.dags) countDag(world, change, commit.byUser);
  for (const { before, after } of commit.versions) if (before && !after) world.count("version replaced unused");
}

function countAttempt(world: World, { before, after }: Change<AttemptRow>): void {
  if (!after?.endedAt || before?.endedAt || after.outcome !== "lost") return;
  const words = JSON.stringify(after.failure);
  if (words.includes("stopped sending heartbeats")) world.count("lease taken over");
  if (words.includes("its worker died")) world.count("dead worker released on its host");
}

const byCode: Readonly<Record<string, Sometimes>> = {
  lost: "retry after loss",
  lost_too_often: "lost too often",
  lost_not_repeatable: "lost, and must not run twice",
  rescheduled: "rescheduled",
  run_timeout: "run timed out",
  fail_fast: "run stopped by its first failure",
  branch_not_chosen: "skipped by a branch",
  map_source_empty: "mapped task had nothing to map",
};

function countInstance(world: World, { before, after }: Change<TaskInstanceRow>, commit: Commit): void {
  if (!after) return;
  if (!before && after.mapIndex > 0) world.count("mapped task expanded");
  if (after.state === "scheduled") countWaiting(world, after);
  if (before?.state === after.state) return;
  const named = byCode[after.code ?? ""];
  if (named) world.count(named);
  if (after.state === "upstream_failed") world.count("upstream_failed");
  if (after.state === "skipped" && after.code === "trigger_rule") world.count("skipped by a rule");
  if (before?.state === "up_for_retry" && after.tryNumber > before.tryNumber) world.count("retry after failure");
  if (before?.state === "none" && !isFinished(after.state)) countPast(world, after, commit);
}

function countWaiting(world: World, { pool, poolSlots }: TaskInstanceRow): void {
  const { mirror } = world;
  const slots = mirror.pools.get(pool)?.slots ?? 0;
  let taken = 0;
  for (const other of mirror.instances.values())
    if (other.pool === pool && ["queued", "running", "restarting"].includes(other.state)) taken += other.poolSlots;
  if (taken > 0 && taken + poolSlots > slots) world.count("pool full");
}

/** It goes on although nothing of its own run has ended: the run before let it. */
function countPast(world: World, row: TaskInstanceRow, { instances, runs }: Commit): void {
  const run = world.mirror.runs.get(row.runKey);
  const task = run && world.mirror.graphOf(run.versionId)?.tasks.get(row.taskId);
  if (!task?.dependsOnPast || runs.some(({ after }) => after?.id === row.runKey && after.state !== "running")) return;
  const own = instances.some(({ after }) => after?.runKey === row.runKey && isFinished(after.state));
  const isNew = runs.some(({ before, after }) => after?.id === row.runKey && before?.state !== "running");
  if (!own && !isNew) world.count("task waited for the run before");
}

function countRun(world: World, { before, after }: Change<DagRunRow>): void {
  if (!after || before) return;
  const now = world.databaseTime();
  if (after.runType === "scheduled" && after.runAfter.getTime() < now - 2_000) world.count("scheduled run caught up");
  const isPaused = world.mirror.dags.get(after.dagId)?.isPaused;
  if (after.state === "queued" && after.runAfter.getTime() <= now && !isPaused)
    world.count("run waited for a slot of its Dag");
}

function countDag(world: World, { before, after }: Change<DagRow>, byUser: boolean): void {
  if (!before || !after) return;
  if (!byUser && after.isPaused && !before.isPaused) world.count("Dag paused by failures in a row");
  if (before.versionId === after.versionId) return;
  const isRunning = [...world.mirror.runs.values()].some(
    ({ dagId, state }) => dagId === after.dagId && state === "running",
  );
  if (isRunning) world.count("new version in mid-run");
}
