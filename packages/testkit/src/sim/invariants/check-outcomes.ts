import type { AttemptRow } from "@airloom/store";
import type { Change, Commit, Mirror } from "../mirror.ts";
import { Violation } from "../violation.ts";

const nameOf = ({ taskInstanceId, attempt }: AttemptRow): string => `attempt ${attempt} of ${taskInstanceId}`;
const decides = (row: AttemptRow): boolean => ["succeeded", "failed", "skipped"].includes(row.outcome ?? "");

/** Invariants 5, 6, 17 of the attempts that a commit changed. */
export function checkOutcomes(mirror: Mirror, commit: Commit, maxLosses: number): void {
  for (const change of commit.attempts) {
    const { after } = change;
    if (!after) continue;
    checkOnce(change);
    if (after.endedAt === null) continue;
    const same = [...(mirror.attemptsOf.get(after.taskInstanceId)?.values() ?? [])].filter(
      ({ tryNumber }) => tryNumber === after.tryNumber,
    );
    if (same.filter(decides).length > 1)
      throw new Violation(17, `try ${after.tryNumber} of ${after.taskInstanceId} was decided twice`);
    if (same.filter(({ outcome }) => outcome === "lost").length > maxLosses)
      throw new Violation(
        17,
        `try ${after.tryNumber} of ${after.taskInstanceId} was lost more than ${maxLosses} times`,
      );
    checkFollows(mirror, after, commit);
  }
}

function checkOnce({ before, after }: Change<AttemptRow>): void {
  if (!after) return;
  if ((after.endedAt === null) !== (after.outcome === null))
    throw new Violation(5, `${nameOf(after)} has an outcome and no end, or an end and no outcome`);
  if (before?.endedAt) throw new Violation(6, `${nameOf(after)} changed after its end`);
  if (!before && after.startedAt === null) throw new Violation(5, `${nameOf(after)} has not started`);
}

/** What an outcome leads to, decided here a second time. */
function checkFollows(mirror: Mirror, attempt: AttemptRow, { byUser, instances }: Commit): void {
  const changed = instances.find(({ after }) => after?.id === attempt.taskInstanceId);
  const [before, after] = [changed?.before, changed?.after];
  if (byUser || !before || !after || before.state !== "running") return;
  const run = mirror.runs.get(after.runKey);
  const task = run && mirror.graphOf(run.versionId)?.tasks.get(after.taskId);
  if (!task || after.code === "fail_fast") return;
  const mayRetry = task.retries > 0 && before.tryNumber <= before.maxTries;
  const ways: Readonly<Record<string, readonly string[]>> = {
    succeeded: task.kind === "branch" ? ["success", "failed", "up_for_retry"] : ["success"],
    skipped: ["skipped"],
    rescheduled: ["up_for_reschedule"],
    failed: mayRetry ? ["up_for_retry", "failed"] : ["failed"],
    lost:
      task.onLost === "fail" ? ["failed"] : ["scheduled", "queued", "running", mayRetry ? "up_for_retry" : "failed"],
  };
  const expected = ways[attempt.outcome ?? ""];
  if (expected && !expected.includes(after.state))
    throw new Violation(
      17,
      `${nameOf(attempt)} ended ${attempt.outcome}, and its instance is ${after.state} (${after.code})`,
    );
  const isRetried = after.state === "up_for_retry" || after.code === "failed_no_retry";
  if (attempt.outcome === "failed" && mayRetry && !isRetried)
    throw new Violation(
      17,
      `${nameOf(attempt)} failed with retries left, and its instance is ${after.state} (${after.code})`,
    );
}
