import { holdsSlots } from "@airloom/core";
import type { TaskInstanceRow } from "@airloom/store";
import type { Commit, Mirror } from "../mirror.ts";
import { Violation } from "../violation.ts";

/** Invariants 12 and 13: whoever takes a slot finds room for it. (A limit may be lowered below what is taken already.) */
export function checkLimits(mirror: Mirror, commit: Commit): void {
  const taken = commit.instances.flatMap(({ before, after }) =>
    after && holdsSlots(after.state) && !(before && holdsSlots(before.state)) ? [after] : [],
  );
  if (taken.length > 0) checkSlots(mirror, commit, taken);
  checkRuns(mirror, commit);
}

function checkSlots(mirror: Mirror, commit: Commit, taken: readonly TaskInstanceRow[]): void {
  const holders = [...mirror.instances.values()].filter(({ state }) => holdsSlots(state));
  const sum = (fits: (row: TaskInstanceRow) => boolean, of: (row: TaskInstanceRow) => number): number =>
    holders.reduce((total, row) => total + (fits(row) ? of(row) : 0), 0);
  for (const row of taken) {
    const pool = mirror.pools.get(row.pool);
    const inPool = sum(
      ({ pool }) => pool === row.pool,
      ({ poolSlots }) => poolSlots,
    );
    if (pool && pool.slots >= 0 && inPool > pool.slots)
      throw new Violation(12, `pool ${row.pool} has ${pool.slots} slots, ${inPool} are taken`);
    checkCounts(mirror, row, (fits) => sum(fits, () => 1));
    if (row.state === "queued" && wasPaused(mirror, commit, row.dagId))
      throw new Violation(13, `${row.taskId} of ${row.dagId} was queued while the Dag is paused`);
  }
}

function checkCounts(
  mirror: Mirror,
  row: TaskInstanceRow,
  count: (fits: (other: TaskInstanceRow) => boolean) => number,
): void {
  const run = mirror.runs.get(row.runKey);
  const graph = run && mirror.graphOf(run.versionId);
  const task = graph?.tasks.get(row.taskId);
  const parallelism = mirror.executors.get(row.executor)?.parallelism ?? 0;
  const limits: readonly (readonly [string, number | null | undefined, (other: TaskInstanceRow) => boolean])[] = [
    [`executor ${row.executor}`, parallelism === 0 ? null : parallelism, (other) => other.executor === row.executor],
    [`run ${row.runKey}`, graph?.spec.maxActiveTasks, (other) => other.runKey === row.runKey],
    [
      `task ${row.taskId} of ${row.dagId}`,
      task?.maxActivePerDag,
      (other) => other.dagId === row.dagId && other.taskId === row.taskId,
    ],
    [
      `task ${row.taskId} of run ${row.runKey}`,
      task?.maxActivePerRun,
      (other) => other.runKey === row.runKey && other.taskId === row.taskId,
    ],
  ];
  for (const [what, most, fits] of limits) {
    if (most === null || most === undefined) continue;
    const found = count(fits);
    if (found > most) throw new Violation(13, `${what} may have ${most} active instances and has ${found}`);
  }
}

/** Before this commit too: the failure of one run may pause a Dag in the moment when another one starts. */
const wasPaused = ({ dags }: Mirror, commit: Commit, dagId: string): boolean =>
  dags.get(dagId)?.isPaused === true &&
  !commit.dags.some(({ before, after }) => after?.dagId === dagId && before?.isPaused === false);

function checkRuns(mirror: Mirror, commit: Commit): void {
  for (const { before, after } of commit.runs) {
    if (after?.state !== "running" || before?.state === "running") continue;
    const dag = mirror.dags.get(after.dagId);
    const running = [...mirror.runs.values()].filter(
      ({ dagId, state }) => dagId === after.dagId && state === "running",
    );
    if (dag && running.length > dag.maxActiveRuns)
      throw new Violation(13, `${after.dagId} may have ${dag.maxActiveRuns} running runs and has ${running.length}`);
    if (wasPaused(mirror, commit, after.dagId))
      throw new Violation(13, `a run of ${after.dagId} started while the Dag is paused`);
  }
}
