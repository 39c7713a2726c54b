import type { TaskInstanceState, TriggerRule } from "@airloom/core";

export type RuleWord = "run" | "wait" | "skipped" | "upstream_failed";

/**
 * What a trigger rule says of the states directly above, written down a second time from the tables of Airflow's documentation, by
 * counting no tallies. `states`: of all upstream instances, removed ones left out.
 */
export function ruleSays(rule: TriggerRule, states: readonly TaskInstanceState[]): RuleWord {
  const some = (...wanted: TaskInstanceState[]): boolean => states.some((state) => wanted.includes(state));
  const every = (...wanted: TaskInstanceState[]): boolean => states.every((state) => wanted.includes(state));
  const isOver = every("success", "failed", "skipped", "upstream_failed");
  const whenOver: RuleWord = isOver ? "run" : "wait";
  switch (rule) {
    case "always":
      return "run";
    case "all_done":
    case "all_done_setup_success":
      return whenOver;
    case "all_success":
      if (some("failed", "upstream_failed")) return "upstream_failed";
      return some("skipped") ? "skipped" : whenOver;
    case "all_failed":
      return some("success", "skipped") ? "skipped" : whenOver;
    case "all_skipped":
      return some("success", "failed", "upstream_failed") ? "skipped" : whenOver;
    case "all_done_min_one_success":
      if (some("skipped")) return "skipped";
      return isOver && !some("success") ? "upstream_failed" : whenOver;
    case "none_failed":
      return some("failed", "upstream_failed") ? "upstream_failed" : whenOver;
    case "none_failed_min_one_success":
      if (some("failed", "upstream_failed")) return "upstream_failed";
      return isOver && !some("success") ? "skipped" : whenOver;
    case "none_skipped":
      return some("skipped") ? "skipped" : whenOver;
    case "one_done":
      if (some("success", "failed")) return "run";
      return isOver ? "skipped" : "wait";
    case "one_failed":
      if (some("failed", "upstream_failed")) return "run";
      return isOver ? "skipped" : "wait";
    case "one_success":
      if (some("success")) return "run";
      if (!isOver) return "wait";
      return every("skipped") ? "skipped" : "upstream_failed";
  }
}
