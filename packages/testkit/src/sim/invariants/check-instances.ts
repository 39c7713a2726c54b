import { isFinished, isLegalMove, type TaskInstanceState, taskInstanceMoves } from "@airloom/core";
import type { TaskInstanceRow } from "@airloom/store";
import type { Change, Commit, Mirror } from "../mirror.ts";
import { Violation } from "../violation.ts";
import { ruleSays } from "./rule-oracle.ts";

const nameOf = ({ dagId, runKey, taskId, mapIndex, id }: TaskInstanceRow): string =>
  `${dagId} run ${runKey} ${taskId}[${mapIndex}] (${id})`;

/** Invariants 2, 3, 6, 7, 8, 14 of the instances that a commit changed. */
export function checkInstances(mirror: Mirror, commit: Commit): void {
  for (const change of commit.instances) {
    if (!change.after) continue;
    checkLease(change.after);
    checkAttempts(mirror, change.after);
    if (change.before) checkMove(change.before, change.after, commit);
    checkReason(mirror, change);
  }
}

const leased: readonly TaskInstanceState[] = ["running", "restarting"];
const leaseless: readonly TaskInstanceState[] = ["scheduled", "queued", "up_for_retry", "up_for_reschedule"];

function checkLease(row: TaskInstanceRow): void {
  const { state, leaseUntil, workerId, tokenHash } = row;
  const isHeld = leaseUntil !== null && workerId !== null && tokenHash !== null;
  const isFree = leaseUntil === null && workerId === null && tokenHash === null;
  if (state === "running" && !isHeld) throw new Violation(8, `${nameOf(row)} runs without a lease or a worker`);
  if (leaseless.includes(state) && !isFree) throw new Violation(8, `${nameOf(row)} is ${state} and has a lease`);
  if (!isHeld && !isFree) throw new Violation(8, `${nameOf(row)} has half a lease`);
}

function checkAttempts(mirror: Mirror, row: TaskInstanceRow): void {
  const attempts = [...(mirror.attemptsOf.get(row.id)?.values() ?? [])];
  const open = attempts.filter(({ endedAt }) => endedAt === null);
  if (open.length > 1) throw new Violation(3, `${nameOf(row)} has ${open.length} open attempts`);
  const [one] = open;
  if (one && one.attempt !== row.attempt)
    throw new Violation(3, `${nameOf(row)} has an open attempt that is not its newest`);
  if (one && row.leaseUntil === null)
    throw new Violation(3, `${nameOf(row)} is ${row.state} with an open attempt and no lease`);
  if (!one && leased.includes(row.state))
    throw new Violation(3, `${nameOf(row)} is ${row.state} and has no open attempt`);
}

function checkMove(before: TaskInstanceRow, after: TaskInstanceRow, { byUser }: Commit): void {
  if (after.attempt < before.attempt || after.attempt > before.attempt + 1)
    throw new Violation(2, `the attempt of ${nameOf(after)} went from ${before.attempt} to ${after.attempt}`);
  const leastTry = before.tryNumber - (after.code === "run_quarantined" ? 1 : 0);
  if (after.tryNumber < leastTry || after.tryNumber > before.tryNumber + 1)
    throw new Violation(17, `the try of ${nameOf(after)} went from ${before.tryNumber} to ${after.tryNumber}`);
  if (after.state === before.state) return;
  if (!byUser && isFinished(before.state))
    throw new Violation(6, `${nameOf(after)} was ${before.state} and became ${after.state} without a user`);
  if (!isReachable(before.state, after.state))
    throw new Violation(7, `${nameOf(after)} went from ${before.state} to ${after.state}`);
  const isHandedOut = after.state === "queued" || after.state === "running";
  if (isHandedOut && before.state !== "queued" && after.attempt === before.attempt)
    throw new Violation(2, `${nameOf(after)} was handed out from ${before.state} without a new attempt`);
}

/** One commit may hold several moves of an instance, each legal. */
function isReachable(from: TaskInstanceState, to: TaskInstanceState, steps = 4): boolean {
  if (isLegalMove(from, to)) return true;
  if (steps === 0) return false;
  const next: readonly TaskInstanceState[] = taskInstanceMoves[from];
  return next.some((state) => !isFinished(state) && isReachable(state, to, steps - 1));
}

/** What leaves the gate, or is settled before it, does so for a reason that the committed states above bear out. */
function checkReason(mirror: Mirror, { before, after }: Change<TaskInstanceRow>): void {
  const from = before?.state ?? "none";
  if (!after || after.state === from || !["none", "up_for_retry", "up_for_reschedule", "restarting"].includes(from))
    return;
  const run = mirror.runs.get(after.runKey);
  const graph = run && mirror.graphOf(run.versionId);
  const task = graph?.tasks.get(after.taskId);
  if (!task) return;
  const excluders = [...(mirror.exclusionsOf.get(after.runKey)?.values() ?? [])];
  const isExcluded = excluders.some(({ excluded }) => excluded.includes(after.taskId));
  const above = mirror
    .instancesOfRun(after.runKey)
    .filter(({ taskId, state }) => task.upstream.includes(taskId) && state !== "removed")
    .map(({ state }) => state);
  const word = task.upstream.length === 0 ? "run" : ruleSays(task.triggerRule, above);
  const passed = ["scheduled", "queued", "running"].includes(after.state);
  if (passed && (word !== "run" || isExcluded))
    throw new Violation(
      14,
      `${nameOf(after)} is ${after.state}, but ${task.triggerRule} of ${above.join(", ")} says ${isExcluded ? "excluded" : word}`,
    );
  if (after.code === "trigger_rule" && word !== after.state)
    throw new Violation(
      14,
      `${nameOf(after)} is ${after.state} by ${task.triggerRule} of ${above.join(", ")}, which says ${word}`,
    );
  if (after.code === "branch_not_chosen" && !isExcluded)
    throw new Violation(14, `${nameOf(after)} was skipped, but nothing excludes it`);
}
