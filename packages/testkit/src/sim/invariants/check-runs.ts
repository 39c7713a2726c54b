import { isFinished, isRunFinished, type TaskInstanceState } from "@airloom/core";
import type { DagRunRow, StoredTally } from "@airloom/store";
import type { Commit, Mirror } from "../mirror.ts";
import { Violation } from "../violation.ts";

/** Invariants 1, 15, 18, 19 of the runs that a commit touched. */
export function checkRuns(mirror: Mirror, commit: Commit): void {
  const touched = new Set<number>();
  for (const { after } of commit.instances) if (after) touched.add(after.runKey);
  for (const { after } of commit.runs) if (after) touched.add(after.id);
  for (const runKey of touched) {
    const run = mirror.runs.get(runKey);
    if (run) checkRun(mirror, run, hasSettled(commit, runKey));
  }
  for (const { before, after } of commit.runs) {
    if (after && !before) checkNew(mirror, after);
    if (before && after && before.versionId !== after.versionId)
      throw new Violation(19, `run ${after.runId} changed its version`);
    if (after && !commit.byUser) checkOutcome(mirror, before, after);
  }
  checkVersions(mirror, commit);
  checkCursors(commit);
}

/** The system, not a user, brought the last of something to its end: then it ends the run too. */
const hasSettled = ({ instances, byUser }: Commit, runKey: number): boolean =>
  !byUser &&
  instances.some(
    ({ before, after }) =>
      after?.runKey === runKey && isFinished(after.state) && !(before !== undefined && isFinished(before.state)),
  );

function checkRun(mirror: Mirror, run: DagRunRow, mustEnd: boolean): void {
  const instances = mirror.instancesOfRun(run.id);
  const unfinished = instances.filter(({ state }) => !isFinished(state)).length;
  if (run.unfinished !== unfinished)
    throw new Violation(15, `run ${run.id} counts ${run.unfinished} unfinished instances, ${unfinished} are`);
  if (isRunFinished(run.state) && unfinished > 0)
    throw new Violation(15, `run ${run.id} is ${run.state} with ${unfinished} unfinished instances`);
  if (run.state === "running" && unfinished === 0 && mustEnd)
    throw new Violation(15, `run ${run.id} goes on though all of it has ended`);
  const graph = mirror.graphOf(run.versionId);
  if (!graph) throw new Violation(19, `run ${run.id} is of a version that is not there: ${run.versionId}`);
  const places = new Set<string>();
  const states = new Map<string, TaskInstanceState[]>();
  for (const { taskId, mapIndex, state } of instances) {
    if (!graph.tasks.has(taskId))
      throw new Violation(19, `run ${run.id} has a task that its version has not: ${taskId}`);
    const place = `${taskId} ${mapIndex}`;
    if (places.has(place)) throw new Violation(1, `run ${run.id} has ${place} twice`);
    places.add(place);
    const ofTask = states.get(taskId);
    if (ofTask) ofTask.push(state);
    else states.set(taskId, [state]);
  }
  for (const task of graph.tasks.values()) {
    if (!states.has(task.id)) throw new Violation(19, `run ${run.id} lacks task ${task.id}`);
    const tally = mirror.talliesOf.get(run.id)?.get(task.id);
    const above = task.upstream.flatMap((id) => states.get(id) ?? []);
    if (task.upstream.length > 0) checkTally(run, task.id, { tally, above });
  }
}

function checkTally(
  run: DagRunRow,
  taskId: string,
  { tally, above }: { readonly tally: StoredTally | undefined; readonly above: readonly TaskInstanceState[] },
): void {
  const count = (wanted: TaskInstanceState): number =>
    above.reduce((sum, state) => sum + (state === wanted ? 1 : 0), 0);
  const isRight =
    tally &&
    tally.total === above.length &&
    tally.success === count("success") &&
    tally.failed === count("failed") &&
    tally.upstreamFailed === count("upstream_failed") &&
    tally.skipped === count("skipped") &&
    tally.removed === count("removed");
  if (!isRight)
    throw new Violation(
      15,
      `the tally of ${taskId} in run ${run.id} is ${JSON.stringify(tally)}, above are ${above.join(", ")}`,
    );
}

function checkNew(mirror: Mirror, run: DagRunRow): void {
  for (const other of mirror.runs.values()) {
    if (other.id === run.id || other.dagId !== run.dagId) continue;
    if (other.runId === run.runId) throw new Violation(1, `run ${run.runId} of ${run.dagId} is there twice`);
    if (run.logicalDate && other.logicalDate?.getTime() === run.logicalDate.getTime())
      throw new Violation(1, `${run.dagId} has two runs of ${run.logicalDate.toISOString()}`);
  }
}

function checkOutcome(mirror: Mirror, before: DagRunRow | undefined, run: DagRunRow): void {
  const graph = mirror.graphOf(run.versionId);
  if (!graph || before?.state === run.state || !isRunFinished(run.state)) return;
  const instances = mirror.instancesOfRun(run.id);
  // Whoever ended its last instance by hand may have left it to a loop to end the run, and its time may be up by then.
  const seconds = graph.spec.runTimeoutSeconds;
  const isTimedOut =
    seconds !== null && run.startedAt !== null && Number(run.endedAt) >= run.startedAt.getTime() + seconds * 1_000;
  const judged = graph.spec.failFast ? instances : instances.filter(({ taskId }) => graph.leaves.includes(taskId));
  const hasFailed = judged.some(({ state }) => state === "failed" || state === "upstream_failed");
  const expected = hasFailed ? "failed" : "success";
  if (run.state !== expected && !isTimedOut)
    throw new Violation(15, `run ${run.id} is ${run.state}, its leaves say ${expected}`);
}

function checkVersions(mirror: Mirror, { versions }: Commit): void {
  for (const { before, after } of versions) {
    if (!before) continue;
    if (after) throw new Violation(19, `version ${before.id} was changed`);
    for (const run of mirror.runs.values())
      if (run.versionId === before.id)
        throw new Violation(19, `version ${before.id} was deleted, run ${run.id} uses it`);
  }
}

function checkCursors({ dags }: Commit): void {
  for (const { before, after } of dags) {
    if (!before || !after) continue;
    const pairs = [
      [before.nextRun, after.nextRun],
      [before.lastRun, after.lastRun],
    ] as const;
    for (const [was, is] of pairs)
      if (was && is && is.runAfter < was.runAfter)
        throw new Violation(
          18,
          `the schedule of ${after.dagId} went back from ${was.runAfter.toISOString()} to ${is.runAfter.toISOString()}`,
        );
  }
}
