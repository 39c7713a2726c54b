import type { AttemptRow } from "@airloom/store";
import type { Change, Commit, Mirror } from "../mirror.ts";
import { Violation } from "../violation.ts";
import type { World } from "../world.ts";

const nameOf = ({ taskInstanceId, attempt }: AttemptRow): string => `attempt ${attempt} of ${taskInstanceId}`;
const decides = (row: AttemptRow): boolean => ["succeeded", "failed", "skipped"].includes(row.outcome ?? "");

/** Invariants 5, 6, 17 of the attempts that a commit changed. */
export function checkOutcomes(world: World, commit: Commit): void {
  const { mirror, ledger, plan } = world;
  const { maxLosses } = plan.settings;
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
    const lost = same.filter((row) => row.outcome === "lost" && ledger.hasStarted(row.taskInstanceId, row.attempt));
    const now = mirror.instances.get(after.taskInstanceId);
    if (after.outcome === "lost" && lost.length >= maxLosses && now?.code === "lost")
      throw new Violation(17, `try ${after.tryNumber} of ${after.taskInstanceId} goes on after ${lost.length} losses`);
    checkFollows(mirror, commit, { attempt: after, hasRun: ledger.hasStarted(after.taskInstanceId, after.attempt) });
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
function checkFollows(
  mirror: Mirror,
  { byUser, instances }: Commit,
  { attempt, hasRun }: { readonly attempt: AttemptRow; readonly hasRun: boolean },
): void {
  const changed = instances.find(({ after }) => after?.id === attempt.taskInstanceId);
  const [before, after] = [changed?.before, changed?.after];
  if (byUser || !before || !after || before.state !== "running") return;
  const run = mirror.runs.get(after.runKey);
  const task = run && mirror.graphOf(run.versionId)?.tasks.get(after.taskId);
  if (!task || after.code === "fail_fast") return;
  const mayRetry = task.retries > 0 && before.tryNumber <= before.maxTries;
  const again = ["scheduled", "queued", "running", mayRetry ? "up_for_retry" : "failed"];
  const ways: Readonly<Record<string, readonly string[]>> = {
    succeeded: task.kind === "branch" ? ["success", "failed", "up_for_retry"] : ["success"],
    skipped: ["skipped"],
    rescheduled: ["up_for_reschedule"],
    failed: mayRetry ? ["up_for_retry", "failed"] : ["failed"],
    // What never ran is no loss.
    lost: [...(task.onLost === "fail" ? ["failed"] : again), ...(hasRun ? [] : again)],
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
