import { describe, expect, it } from "vitest";
import { graphFrom } from "../../test/spec-builder.ts";
import type { FinishedState } from "../states/task-instance-state.ts";
import { countTallies, emptyTally } from "./tally.ts";
import { triggerRuleVerdict } from "./trigger-rule.ts";
import { type TriggerRule, triggerRuleNames } from "./trigger-rule-name.ts";

type State = FinishedState | "running";
type Answer = "run" | "wait" | "skipped" | "upstream_failed";

const decided = (rule: TriggerRule, states: readonly State[]): Answer => {
  const ids = states.map((_, i) => `u${i}`);
  const graph = graphFrom({ ...Object.fromEntries(ids.map((id) => [id, []])), task: ids });
  const tally = countTallies(
    graph,
    states.map((state, i) => ({ taskId: `u${i}`, state })),
  ).get("task");
  const verdict = triggerRuleVerdict(rule, tally ?? emptyTally, states.length);
  if (verdict.kind === "settle") return verdict.state as Answer;
  return verdict.kind === "pass" ? "run" : "wait";
};

/**
 * The rules said another way, over the upstream states themselves: what the rule makes of a finished set, and which states let
 * it speak before the set is finished.
 */
const isFail = (state: State): boolean => state === "failed" || state === "upstream_failed";
const is =
  (...wanted: readonly State[]) =>
  (state: State): boolean =>
    wanted.includes(state);

const whenAllFinished: Readonly<Record<TriggerRule, (states: readonly State[]) => Answer>> = {
  all_success: (s) => (s.some(isFail) ? "upstream_failed" : s.every(is("success")) ? "run" : "skipped"),
  all_failed: (s) => (s.every(isFail) ? "run" : "skipped"),
  all_done: () => "run",
  all_done_setup_success: () => "run",
  all_done_min_one_success: (s) =>
    s.some(is("skipped")) ? "skipped" : s.some(is("success")) ? "run" : "upstream_failed",
  all_skipped: (s) => (s.every(is("skipped")) ? "run" : "skipped"),
  always: () => "run",
  none_failed: (s) => (s.some(isFail) ? "upstream_failed" : "run"),
  none_failed_min_one_success: (s) => (s.some(isFail) ? "upstream_failed" : s.some(is("success")) ? "run" : "skipped"),
  none_skipped: (s) => (s.some(is("skipped")) ? "skipped" : "run"),
  one_done: (s) => (s.some(is("success", "failed")) ? "run" : "skipped"),
  one_failed: (s) => (s.some(isFail) ? "run" : "skipped"),
  one_success: (s) => (s.some(is("success")) ? "run" : s.every(is("skipped")) ? "skipped" : "upstream_failed"),
};

/** Rules that act before all upstreams finished, and on what they act. The others wait for the last one to run. */
const actsEarlyOn: Readonly<Record<TriggerRule, (state: State) => boolean>> = {
  all_success: (state) => isFail(state) || state === "skipped",
  all_failed: is("success", "skipped"),
  all_done: () => false,
  all_done_setup_success: () => false,
  all_done_min_one_success: is("skipped"),
  all_skipped: (state) => isFail(state) || state === "success",
  always: () => true,
  none_failed: isFail,
  none_failed_min_one_success: isFail,
  none_skipped: is("skipped"),
  one_done: is("success", "failed"),
  one_failed: isFail,
  one_success: is("success"),
};

function expected(rule: TriggerRule, states: readonly State[]): Answer {
  if (rule === "always") return "run";
  const there = states.filter((state) => state !== "removed");
  const known = there.filter((state) => state !== "running");
  if (known.length === there.length || known.some(actsEarlyOn[rule])) return whenAllFinished[rule](known);
  return "wait";
}

function* multisets(states: readonly State[], size: number): Generator<readonly State[]> {
  if (size === 0) {
    yield [];
    return;
  }
  for (const [i, state] of states.entries()) {
    for (const rest of multisets(states.slice(i), size - 1)) yield [state, ...rest];
  }
}

const allStates: readonly State[] = ["success", "failed", "upstream_failed", "skipped", "removed", "running"];
const small = [1, 2, 3, 4, 5].flatMap((size) => [...multisets(allStates, size)]);

describe.each(triggerRuleNames)("%s", (rule) => {
  it("agrees with its words for every way that up to five upstreams can stand", () => {
    expect(small).toHaveLength(461);
    for (const states of small) expect([states, decided(rule, states)]).toEqual([states, expected(rule, states)]);
  });

  it("runs or settles once every upstream finished: it never waits for nothing", () => {
    for (const states of small) {
      if (!states.includes("running")) expect([states, decided(rule, states)]).not.toEqual([states, "wait"]);
    }
  });

  it("never takes back a decision to run or to fail when the rest finishes", () => {
    for (const states of small) {
      const now = decided(rule, states);
      if (now !== "run" && now !== "upstream_failed") continue;
      for (const end of ["success", "failed", "upstream_failed", "skipped"] as const) {
        const ended = states.map((state) => (state === "running" ? end : state));
        expect([states, end, decided(rule, ended)]).toEqual([states, end, now]);
      }
    }
  });

  it("runs when there is no upstream", () => {
    expect(triggerRuleVerdict(rule, emptyTally, 0)).toEqual({ kind: "pass" });
  });
});

describe("the words of a verdict", () => {
  const tally = { ...emptyTally, total: 5, success: 2, failed: 1 };
  it("count what finished", () => {
    expect(triggerRuleVerdict("all_done", tally, 5)).toMatchObject({ detail: "3 of 5 upstream tasks finished" });
  });
  it("say what stood against it", () => {
    expect(triggerRuleVerdict("all_success", tally, 5)).toMatchObject({
      state: "upstream_failed",
      code: "trigger_rule",
      detail: "of 5 upstream tasks: 2 succeeded, 1 failed, 2 unfinished",
    });
  });
});
