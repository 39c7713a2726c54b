/** The upstream conditions a task may run under (Airflow's thirteen). */
export const triggerRuleNames = [
  "all_success",
  "all_failed",
  "all_done",
  "all_done_min_one_success",
  "all_done_setup_success",
  "all_skipped",
  "always",
  "none_failed",
  "none_failed_min_one_success",
  "none_skipped",
  "one_done",
  "one_failed",
  "one_success",
] as const;

export type TriggerRule = (typeof triggerRuleNames)[number];
