import { describe, expect, it } from "vitest";
import { dagRunStates, isLegalRunMove, isRunFinished } from "./dag-run-state.ts";
import {
  finishedStates,
  holdsSlots,
  isFinished,
  isLegalMove,
  taskInstanceMoves,
  taskInstanceStates,
} from "./task-instance-state.ts";

describe("task instance states", () => {
  it("are Airflow's fourteen, five of them finished, three holding slots", () => {
    expect([...taskInstanceStates].sort()).toEqual(
      [
        ...["none", "scheduled", "queued", "running", "restarting", "up_for_retry", "up_for_reschedule", "deferred"],
        ...["awaiting_input", "success", "failed", "skipped", "upstream_failed", "removed"],
      ].sort(),
    );
    expect(taskInstanceStates.filter(isFinished).sort()).toEqual([...finishedStates].sort());
    expect(taskInstanceStates.filter(holdsSlots)).toEqual(["queued", "running", "restarting"]);
  });

  it("move to known states, never to themselves", () => {
    for (const [from, targets] of Object.entries(taskInstanceMoves)) {
      for (const to of targets) {
        expect(taskInstanceStates).toContain(to);
        expect(to).not.toBe(from);
      }
      expect(new Set(targets).size).toBe(targets.length);
    }
  });

  it.each([
    ["none", "scheduled"],
    ["none", "success"],
    ["none", "upstream_failed"],
    ["none", "skipped"],
    ["none", "removed"],
    ["removed", "none"],
    ["scheduled", "queued"],
    ["queued", "scheduled"],
    ["queued", "running"],
    ["queued", "failed"],
    ["running", "success"],
    ["running", "up_for_retry"],
    ["running", "up_for_reschedule"],
    ["running", "deferred"],
    ["running", "awaiting_input"],
    ["running", "restarting"],
    ["up_for_retry", "scheduled"],
    ["up_for_reschedule", "scheduled"],
    ["deferred", "scheduled"],
    ["deferred", "success"],
    ["awaiting_input", "scheduled"],
    ["restarting", "none"],
    ["success", "none"],
    ["upstream_failed", "none"],
  ] as const)("move as Airflow's do: %s to %s", (from, to) => {
    expect(isLegalMove(from, to)).toBe(true);
  });

  it.each([
    ["none", "running"],
    ["none", "queued"],
    ["scheduled", "running"],
    ["success", "running"],
    ["success", "scheduled"],
    ["failed", "up_for_retry"],
    ["skipped", "queued"],
    ["restarting", "running"],
    ["up_for_retry", "running"],
    ["removed", "success"],
  ] as const)("never move from %s to %s", (from, to) => {
    expect(isLegalMove(from, to)).toBe(false);
  });

  it("can all be cleared and, but for removed ones, marked", () => {
    for (const state of taskInstanceStates) {
      const cleared = state === "running" ? "restarting" : "none";
      if (state !== "none") expect([state, isLegalMove(state, cleared)]).toEqual([state, true]);
      for (const mark of ["success", "failed", "skipped"] as const) {
        if (state !== "removed" && state !== mark)
          expect([state, mark, isLegalMove(state, mark)]).toEqual([state, mark, true]);
      }
    }
  });

  it("can all be reached, and none is a dead end", () => {
    const reached = new Set(["none"]);
    for (const state of reached)
      for (const to of taskInstanceMoves[state as keyof typeof taskInstanceMoves]) reached.add(to);
    expect(reached).toEqual(new Set(taskInstanceStates));
    for (const state of taskInstanceStates) expect(taskInstanceMoves[state].length).toBeGreaterThan(0);
  });
});

describe("run states", () => {
  it("are Airflow's four, two of them finished", () => {
    expect(dagRunStates).toEqual(["queued", "running", "success", "failed"]);
    expect(dagRunStates.filter(isRunFinished)).toEqual(["success", "failed"]);
  });

  it("go back to queued when cleared, never straight back to running", () => {
    for (const state of ["running", "success", "failed"] as const) expect(isLegalRunMove(state, "queued")).toBe(true);
    for (const state of ["success", "failed"] as const) expect(isLegalRunMove(state, "running")).toBe(false);
  });
});
