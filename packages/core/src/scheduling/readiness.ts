import { type SourceLength, sourceLengthsOf } from "../dag-spec/map-sources.ts";
import type { TaskSpec } from "../dag-spec/task-spec.ts";
import type { FinishedState, TaskInstanceState } from "../states/task-instance-state.ts";
import type { RunView, TaskInstanceView } from "./run-view.ts";
import { triggerRuleVerdict } from "./trigger-rule.ts";
import { pass, type SettleCode, type Verdict, type WaitCode } from "./verdict.ts";

/**
 * MAY THIS TASK RUN? The one place that decides. Pure; the first check that does not pass wins. The scheduler acts on the
 * verdict, `airloom explain` and the UI print it. Room to run: `admission.ts`.
 *
 * The trigger rule comes before the past, so that a task whose upstream failed is settled even while it waits for the run
 * before (Airflow's default, `wait_for_past_depends_before_skipping` off).
 */
const checks: readonly Check[] = [
  taskStillInDag,
  runIsRunning,
  earlierAttemptEnded,
  retryDelayOver,
  rescheduleDue,
  chosenByBranches,
  triggerRuleMet,
  pastRunAllows,
  mapReady,
];

/** Whether this instance may run now, waits (for what, until when), or is settled without running. */
export function readiness(instance: TaskInstanceView, view: RunView, now: Date): Verdict {
  return readinessIn(view)(instance, now);
}

/** The same for many instances of one view: what the view says is indexed once. */
export function readinessIn(view: RunView): (instance: TaskInstanceView, now: Date) => Verdict {
  const excludedBy = new Map<string, string>();
  for (const [decider, excluded] of view.exclusions) for (const taskId of excluded) excludedBy.set(taskId, decider);
  return (instance, now) => {
    const task = view.graph.tasks.get(instance.taskId);
    const question: Question = { instance, task, view, excludedBy, now };
    for (const check of beyondThisGate[instance.state] ?? checks) {
      const verdict = check(question);
      if (verdict.kind !== "pass") return verdict;
    }
    return pass;
  };
}

interface Question {
  readonly instance: TaskInstanceView;
  readonly task: TaskSpec | undefined;
  readonly view: RunView;
  readonly excludedBy: ReadonlyMap<string, string>;
  readonly now: Date;
}
type Check = (question: Question) => Verdict;

/** What is scheduled or further has passed; what is finished has nothing to wait for; a suspended one waits for its event. */
const beyondThisGate: Readonly<Partial<Record<TaskInstanceState, readonly Check[]>>> = {
  scheduled: [taskStillInDag, earlierAttemptEnded],
  queued: [],
  running: [],
  deferred: [() => wait("resume_pending", { detail: "waiting for its trigger" })],
  awaiting_input: [() => wait("resume_pending", { detail: "waiting for a person's answer" })],
  success: [],
  failed: [],
  skipped: [],
  upstream_failed: [],
  removed: [],
};

const wait = (code: WaitCode, more: { until?: Date; detail?: string } = {}): Verdict => ({
  kind: "wait",
  code,
  ...more,
});

const settle = (state: FinishedState, code: SettleCode, detail: string): Verdict => ({
  kind: "settle",
  state,
  code,
  detail,
});

function taskStillInDag({ task, instance }: Question): Verdict {
  return task ? pass : settle("removed", "task_removed", `the Dag has no task "${instance.taskId}" any more`);
}

function runIsRunning({ view }: Question): Verdict {
  return view.run.state === "running" ? pass : wait("run_not_running", { detail: `the run is ${view.run.state}` });
}

/** Two attempts of one instance must never overlap: a cleared one starts when nothing of the earlier can be alive. */
function earlierAttemptEnded({ instance, view, now }: Question): Verdict {
  if (!instance.leaseUntil) return pass;
  const until = new Date(instance.leaseUntil.getTime() + (view.leaseGraceMs ?? 0));
  return until > now ? wait("earlier_attempt_ending", { until }) : pass;
}

function retryDelayOver({ instance: { state, nextDueAt }, now }: Question): Verdict {
  return state === "up_for_retry" && nextDueAt && nextDueAt > now ? wait("retry_delay", { until: nextDueAt }) : pass;
}

function rescheduleDue({ instance: { state, nextDueAt }, now }: Question): Verdict {
  return state === "up_for_reschedule" && nextDueAt && nextDueAt > now
    ? wait("reschedule_due", { until: nextDueAt })
    : pass;
}

function chosenByBranches({ instance, excludedBy }: Question): Verdict {
  const decider = excludedBy.get(instance.taskId);
  return decider === undefined ? pass : settle("skipped", "branch_not_chosen", `"${decider}" did not choose it`);
}

function triggerRuleMet({ task, view }: Question): Verdict {
  if (!task || task.upstream.length === 0) return pass;
  const tally = view.tallies.get(task.id);
  if (tally) return triggerRuleVerdict(task.triggerRule, tally, task.upstream.length);
  return task.triggerRule === "always" ? pass : wait("upstream_unfinished");
}

function pastRunAllows({ task, view }: Question): Verdict {
  const matters = task?.dependsOnPast || task?.waitForDownstream;
  return matters && view.past.get(task.id) === "unmet" ? wait("past_run_unfinished") : pass;
}

/** The lists a mapped task reads are there, and long enough for this index. */
function mapReady({ instance, task, view }: Question): Verdict {
  if (!task?.mapped) return pass;
  const lengths = view.sourceLengths.get(task.id);
  // An instance that was expanded before need not be shown the lists again, unless they may have changed.
  if (!lengths && instance.mapIndex >= 0) return pass;
  const known = lengths ?? sourceLengthsOf(task, new Map());
  if (known.includes("missing"))
    return settle(stateWithoutList(task, view), "map_source_missing", "no list to map over");
  const length = mapLength(known);
  if (length === "pending") return wait("map_source_unfinished");
  if (length === 0 && instance.mapIndex <= 0) return settle("skipped", "map_source_empty", "the list is empty");
  if (instance.mapIndex < length) return pass;
  return settle("removed", "map_index_gone", `the list has ${length} elements now`);
}

/** As its source: nothing to do after a skipped one, and an error to see after any other. */
function stateWithoutList(task: TaskSpec, view: RunView): FinishedState {
  const tally = view.tallies.get(task.id);
  return tally && tally.skipped > 0 && tally.failed + tally.upstreamFailed === 0 ? "skipped" : "upstream_failed";
}

/** How many instances a mapped task becomes: the product of its lists' lengths. */
export function mapLength(lengths: readonly SourceLength[]): number | "pending" {
  let product = 1;
  for (const length of lengths) {
    if (typeof length !== "number") return "pending";
    product *= length;
  }
  return product;
}
