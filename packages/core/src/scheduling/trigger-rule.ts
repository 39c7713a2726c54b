import type { Tally } from "./run-view.ts";
import type { TriggerRule } from "./trigger-rule-name.ts";
import { pass, type Verdict } from "./verdict.ts";

/**
 * WHAT DOES EACH TRIGGER RULE MEAN? One line per rule: when the task runs, when it is settled without running, else it
 * waits. Decided as early as Airflow does (`airflow/ti_deps/deps/trigger_rule_dep.py` is the source of the meaning).
 *
 * Removed instances count as if they were not there. Airflow does so for mapped instances alone and would wait for ever
 * elsewhere; here every rule settles once all upstreams finished, so that no run can be stuck.
 */
type Rule = (up: Upstream) => Verdict;

interface Upstream {
  /** Upstream instances, without the removed ones. */
  readonly count: number;
  readonly finished: number;
  readonly allDone: boolean;
  readonly success: number;
  readonly skipped: number;
  readonly failed: number;
  readonly upstreamFailed: number;
  /** Failed by themselves or because of theirs. */
  readonly fail: number;
}

const settle = (state: "skipped" | "upstream_failed", detail: string): Verdict => ({
  kind: "settle",
  state,
  code: "trigger_rule",
  detail,
});

const wait = (up: Upstream): Verdict => ({
  kind: "wait",
  code: "upstream_unfinished",
  detail: `${up.finished} of ${up.count} upstream tasks finished`,
});

const skipped = (up: Upstream): Verdict => settle("skipped", summary(up));
const upstreamFailed = (up: Upstream): Verdict => settle("upstream_failed", summary(up));

/** The last step of every rule that needs all upstreams: nothing spoke against it. */
const passWhenDone = (up: Upstream): Verdict => (up.allDone ? pass : wait(up));

const rules: Readonly<Record<TriggerRule, Rule>> = {
  all_success: (up) => (up.fail ? upstreamFailed(up) : up.skipped ? skipped(up) : passWhenDone(up)),
  all_failed: (up) => (up.success || up.skipped ? skipped(up) : passWhenDone(up)),
  all_done: passWhenDone,
  all_done_min_one_success: (up) =>
    up.skipped ? skipped(up) : up.allDone && !up.success ? upstreamFailed(up) : passWhenDone(up),
  // The Spec has no setup tasks yet, and without one among its upstreams Airflow reads the rule like this.
  all_done_setup_success: passWhenDone,
  all_skipped: (up) => (up.success || up.fail ? skipped(up) : passWhenDone(up)),
  always: () => pass,
  none_failed: (up) => (up.fail ? upstreamFailed(up) : passWhenDone(up)),
  none_failed_min_one_success: (up) =>
    up.fail ? upstreamFailed(up) : up.allDone && !up.success ? skipped(up) : passWhenDone(up),
  none_skipped: (up) => (up.skipped ? skipped(up) : passWhenDone(up)),
  // An upstream that is upstream_failed did not finish by itself: Airflow does not count it here.
  one_done: (up) => (up.success || up.failed ? pass : up.allDone ? skipped(up) : wait(up)),
  one_failed: (up) => (up.fail ? pass : up.allDone ? skipped(up) : wait(up)),
  one_success: (up) =>
    up.success ? pass : !up.allDone ? wait(up) : up.skipped === up.count ? skipped(up) : upstreamFailed(up),
};

/**
 * Whether a task may run by its rule.
 * @param tally Its upstream instances, counted by state.
 * @param upstreamCount How many tasks stand directly before it; with none every rule passes (as in Airflow).
 * @example triggerRuleVerdict("one_success", tally, 3).kind // "pass" as soon as one succeeded
 */
export function triggerRuleVerdict(rule: TriggerRule, tally: Tally, upstreamCount: number): Verdict {
  return upstreamCount === 0 ? pass : rules[rule](upstreamOf(tally));
}

function upstreamOf({ total, success, failed, upstreamFailed, skipped, removed }: Tally): Upstream {
  const count = total - removed;
  const fail = failed + upstreamFailed;
  const finished = success + fail + skipped;
  return { count, finished, allDone: finished >= count, success, skipped, failed, upstreamFailed, fail };
}

/** @example "of 5 upstream tasks 3 succeeded, 1 failed, 1 was skipped" */
function summary(up: Upstream): string {
  const parts = [
    up.success && `${up.success} succeeded`,
    up.failed && `${up.failed} failed`,
    up.upstreamFailed && `${up.upstreamFailed} could not run`,
    up.skipped && `${up.skipped} skipped`,
    up.count > up.finished && `${up.count - up.finished} unfinished`,
  ].filter((part) => typeof part === "string");
  return `of ${up.count} upstream tasks: ${parts.join(", ") || "none left"}`;
}
