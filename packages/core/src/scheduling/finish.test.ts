import { describe, expect, it } from "vitest";
import { taskOf } from "../../test/spec-builder.ts";
import { later, noon } from "../../test/view-builder.ts";
import type { TaskSpec } from "../dag-spec/task-spec.ts";
import { isLegalMove } from "../states/task-instance-state.ts";
import { decideFinish, type FinishedAttempt, type FinishOutcome } from "./finish.ts";

const key = { dagId: "orders", taskId: "load", runId: "manual__1", mapIndex: -1 };
const attempt = (task: Partial<TaskSpec> = {}, more: Partial<FinishedAttempt> = {}): FinishedAttempt => ({
  key,
  task: taskOf("load", [], task),
  tryNumber: 1,
  maxTries: task.retries ?? 0,
  losses: 0,
  ...more,
});
const failed: FinishOutcome = { kind: "failed", retry: true };
const lost: FinishOutcome = { kind: "lost" };

describe("decideFinish", () => {
  it.each([
    ["succeeded", { kind: "succeeded" }, "success", "succeeded"],
    ["skipped", { kind: "skipped" }, "skipped", "skipped_by_task"],
    ["failed for good", { kind: "failed", retry: false }, "failed", "failed_no_retry"],
  ] as const)("ends the instance that %s, with retries left or not", (...[, outcome, to, code]) => {
    const ended = { to, code, nextDueAt: null, losses: 0 };
    expect(decideFinish(attempt({ retries: 3 }, { losses: 2 }), outcome, noon)).toEqual(ended);
    expect(decideFinish(attempt(), outcome, noon)).toEqual(ended);
  });

  it.each([
    [0, 1, 0, "failed"],
    [1, 1, 1, "up_for_retry"],
    [1, 2, 1, "failed"],
    [2, 2, 2, "up_for_retry"],
    [2, 3, 2, "failed"],
    // Cleared after try 3: maxTries = 3 + 2.
    [2, 4, 5, "up_for_retry"],
    [2, 6, 5, "failed"],
    // A task whose retries were taken away does not retry, whatever was promised when the instance was made.
    [0, 1, 3, "failed"],
  ])("with retries %i, try %i of at most %i, a failure leads to %s", (...[retries, tryNumber, maxTries, to]) => {
    expect(decideFinish(attempt({ retries }, { tryNumber, maxTries }), failed, noon).to).toBe(to);
  });

  it("takes a branch that chose none of its keys as failed", () => {
    const branch = { kind: "branch", branches: { big: [], small: [] } } as const;
    expect(decideFinish(attempt(branch), { kind: "succeeded", decision: "big" }, noon).to).toBe("success");
    for (const decision of ["huge", "toString", true]) {
      const outcome = { kind: "succeeded", decision } as const;
      expect(decideFinish(attempt(branch), outcome, noon)).toMatchObject({ to: "failed", code: "failed_branch_key" });
      expect(decideFinish(attempt({ ...branch, retries: 1 }), outcome, noon).to).toBe("up_for_retry");
    }
    expect(decideFinish(attempt(branch), { kind: "succeeded" }, noon).to).toBe("failed");
  });

  it("says when the retry is due", () => {
    const decision = decideFinish(attempt({ retries: 1, retryDelaySeconds: 30 }, { losses: 1 }), failed, noon);
    expect(decision).toEqual({ to: "up_for_retry", code: "retry", nextDueAt: later(30), losses: 0 });
  });

  it("keeps the try's losses over a reschedule", () => {
    const at = later(90).toISOString();
    expect(decideFinish(attempt({}, { losses: 1 }), { kind: "rescheduled", at }, noon)).toEqual({
      to: "up_for_reschedule",
      code: "rescheduled",
      nextDueAt: later(90),
      losses: 1,
    });
  });

  it("takes a time that cannot be read as now, so that the task is called and can say so", () => {
    expect(decideFinish(attempt(), { kind: "rescheduled", at: "soon" }, noon).nextDueAt).toEqual(noon);
  });

  it("schedules a lost attempt again without using a try, up to the limit", () => {
    expect(decideFinish(attempt(), lost, noon)).toEqual({ to: "scheduled", code: "lost", nextDueAt: null, losses: 1 });
    expect(decideFinish(attempt({}, { losses: 1 }), lost, noon)).toMatchObject({ to: "scheduled", losses: 2 });
    expect(decideFinish(attempt({}, { losses: 2 }), lost, noon)).toMatchObject({
      to: "failed",
      code: "lost_too_often",
    });
    expect(decideFinish(attempt({}, { losses: 2, maxLosses: 4 }), lost, noon)).toMatchObject({
      to: "scheduled",
      losses: 3,
    });
  });

  it("uses a retry, with new losses to spare, once a try was lost too often", () => {
    expect(decideFinish(attempt({ retries: 1 }, { losses: 2 }), lost, noon)).toEqual({
      to: "up_for_retry",
      code: "lost_too_often",
      nextDueAt: later(300),
      losses: 0,
    });
  });

  it("fails at once what must not run twice", () => {
    const decision = decideFinish(attempt({ onLost: "fail", retries: 5 }), lost, noon);
    expect(decision).toMatchObject({ to: "failed", code: "lost_not_repeatable" });
  });

  it("leads from running only where the table allows", () => {
    for (const outcome of [failed, lost, { kind: "succeeded" }, { kind: "skipped" }] as const) {
      for (const retries of [0, 2]) {
        expect(isLegalMove("running", decideFinish(attempt({ retries }), outcome, noon).to)).toBe(true);
      }
    }
  });
});
