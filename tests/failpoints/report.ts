import { type FailpointAction, failpoints } from "@airloom/core";
import type { Trial } from "./campaign.ts";
import type { PointName } from "./plan.ts";

/** What became of one action at one failpoint. */
interface ActionReport {
  readonly result: "passed" | "failed" | "not run";
  /** Why it was not run, or what was wrong. */
  readonly why?: readonly string[];
  readonly times?: number;
  /** Of the longest workload, in seconds. */
  readonly longestSeconds?: number;
  readonly recoverySeconds?: { readonly median: number; readonly longest: number };
}

export interface PointReport {
  readonly point: string;
  readonly actions: Readonly<Record<FailpointAction, ActionReport>>;
}

const allActions = ["crash", "error", "sleep", "droprep"] as const;

/** Every point there is with each of the four actions. */
export const reportOf = (trials: readonly Trial[]): readonly PointReport[] =>
  (Object.keys(failpoints) as PointName[]).map((point) => {
    const of = (action: FailpointAction): ActionReport =>
      reportOfAction(
        trials.filter((trial) => trial.point === point && trial.action === action),
        failpoints[point][0].some((one) => one === action),
      );
    return {
      point,
      actions: Object.fromEntries(allActions.map((action) => [action, of(action)])) as PointReport["actions"],
    };
  });

function reportOfAction(trials: readonly Trial[], makesSense: boolean): ActionReport {
  if (!makesSense) return { result: "not run", why: ["says nothing at this point"] };
  if (trials.length === 0) return { result: "not run", why: ["was not asked for"] };
  const seconds = trials.flatMap(({ recoverySeconds }) => recoverySeconds ?? []).sort((a, b) => a - b);
  const wrong = trials.flatMap(({ armed, problems }) => problems.map((problem) => `${armed}: ${problem}`));
  return {
    result: wrong.length === 0 ? "passed" : "failed",
    ...(wrong.length > 0 && { why: wrong }),
    times: trials.length,
    longestSeconds: Math.max(...trials.map(({ longestSeconds }) => longestSeconds)),
    ...(seconds.length > 0 && {
      recoverySeconds: { median: seconds[Math.floor(seconds.length / 2)] ?? 0, longest: seconds.at(-1) ?? 0 },
    }),
  };
}
