import type { TaskInstanceState } from "../states/task-instance-state.ts";
import type { ExplainFacts, Explanation } from "./explanation.ts";
import type { HeldCode, SettleCode, WaitCode } from "./verdict.ts";

/** From the facts, and the detail the decision gave, to words. */
export type Words = (facts: ExplainFacts, detail: string) => Omit<Explanation, "code">;

const say =
  (title: string, detail: string | Words1, next: string): Words =>
  (facts, given) => ({ title, detail: (typeof detail === "string" ? detail : detail(facts)) || sentence(given), next });
type Words1 = (facts: ExplainFacts) => string;

const sentence = (text: string): string => (text === "" ? "" : `${text[0]?.toUpperCase()}${text.slice(1)}.`);
const at = (date: Date | null | undefined): string => (date ? ` at ${date.toISOString()}` : "");
const tries = ({ tryNumber, maxTries }: ExplainFacts): string =>
  tryNumber === undefined
    ? ""
    : `Try ${tryNumber}${maxTries === undefined ? "" : ` of ${Math.max(tryNumber, maxTries + 1)}`}.`;
const error = (facts: ExplainFacts): string => [tries(facts), facts.error].filter(Boolean).join(" ");

const unfinished: ReadonlySet<TaskInstanceState> = new Set([
  "none",
  "scheduled",
  "queued",
  "running",
  "restarting",
  "up_for_retry",
  "up_for_reschedule",
  "deferred",
  "awaiting_input",
]);

/** @example "extract (running), load (queued)"; the first ten are named. */
function list(upstreams: NonNullable<ExplainFacts["upstreams"]>): string {
  const named = upstreams
    .slice(0, 10)
    .map(({ taskId, state }) => `${taskId} (${state === "none" ? "not started" : state})`);
  return upstreams.length > 10 ? `${named.join(", ")} and ${upstreams.length - 10} more` : named.join(", ");
}

const waitingForUpstream: Words = ({ upstreams = [], triggerRule }, detail) => {
  const open = upstreams.filter(({ state }) => unfinished.has(state));
  const rule = triggerRule && triggerRule !== "all_success" ? ` Its trigger rule is ${triggerRule}.` : "";
  if (open.length === 0)
    return { title: "Waiting for upstream tasks", detail: sentence(detail) + rule, next: whenTheyFinish };
  const title = `Waiting for ${open.length} of ${upstreams.length} upstream tasks: ${list(open)}`;
  return { title, detail: sentence(detail) + rule, next: whenTheyFinish };
};
const whenTheyFinish = "It is decided anew as soon as one of them finishes.";

export const waitWords: Readonly<Record<WaitCode, Words>> = {
  run_not_running: say(
    "The run is not running",
    "",
    "A queued run starts when its Dag is not paused and has a free run.",
  ),
  earlier_attempt_ending: (facts) => ({
    title: "Waiting for an earlier attempt to end",
    detail: "Its worker was told to stop; until it says so, two attempts could overlap.",
    next: `It goes on when the worker reports the end, at the latest when the lease is over${at(facts.nextDueAt)}.`,
  }),
  retry_delay: (facts) => ({
    title: `Waiting to try again${at(facts.nextDueAt)}`,
    detail: error(facts),
    next: "It is tried again by itself then. Clear it to try at once.",
  }),
  reschedule_due: (facts) => ({
    title: `Waiting to look again${at(facts.nextDueAt)}`,
    detail: "The task asked to be called again later and holds no slot until then.",
    next: "It is called again by itself then.",
  }),
  past_run_unfinished: say(
    "Waiting for the run before",
    "It depends on the same task of the previous run, which has not succeeded or been skipped.",
    "It goes on when that one does. Clear or mark that task in the previous run if it failed.",
  ),
  upstream_unfinished: waitingForUpstream,
  map_source_unfinished: say(
    "Waiting for the list it maps over",
    "Its source has not finished, so the number of instances is not known yet.",
    "It expands as soon as the list is there.",
  ),
  resume_pending: say("Suspended", "", "It goes on when what it waits for happens, or when its timeout is over."),
};

export const settleWords: Readonly<Record<SettleCode, Words>> = {
  branch_not_chosen: say(
    "Skipped: a branch chose another way",
    "",
    "Clear the branch to decide again, or clear this task after marking the branch.",
  ),
  trigger_rule: ({ upstreams = [], triggerRule }, detail) => {
    const bad = upstreams.filter(({ state }) => state !== "success" && !unfinished.has(state));
    return {
      title: `Not run: its trigger rule ${triggerRule ? `${triggerRule} ` : ""}cannot be met`,
      detail: bad.length > 0 ? `Upstream: ${list(bad)}.` : sentence(detail),
      next: "Clear the upstream tasks that failed or were skipped, with what follows them.",
    };
  },
  map_source_empty: say(
    "Skipped: nothing to map over",
    "The list it maps over is empty.",
    "Clear the source to read it again.",
  ),
  map_source_missing: say(
    "Not run: there is no list to map over",
    "Its source finished without giving a list.",
    "Let the source return a list, then clear it with what follows it.",
  ),
  map_index_gone: say(
    "Removed: the list became shorter",
    "Its source ran again and its list no longer has this element.",
    "Nothing to do; clear the source to read the list again.",
  ),
  map_too_long: say(
    "Failed: too many elements to map over",
    "",
    "Map over fewer elements (for example over batches), or raise the limit for map length.",
  ),
  task_removed: say("Removed: the Dag has no such task any more", "", "Nothing to do."),
};

const limitDetail: Words1 = ({ limit }) => (limit ? `${limit.used} of ${limit.most} are queued or running.` : "");
const slotFrees = "It starts when one of them ends.";

export const heldWords: Readonly<Record<HeldCode, Words>> = {
  dag_paused: ({ dagId }) => ({
    title: `Waiting: Dag ${dagId ?? ""} is paused`.replace("  ", " "),
    detail: "It may run, but tasks of a paused Dag are not started.",
    next: "Unpause the Dag.",
  }),
  executor_full: ({ executor }) => ({
    title: `Waiting for a slot of executor ${executor?.name ?? ""}`.trimEnd(),
    detail: executor ? `${executor.used} of ${executor.parallelism} slots are taken.` : "",
    next: "It starts when a slot frees; higher priority goes first. Raise the executor's parallelism if this lasts.",
  }),
  executor_missing: ({ executor }) => ({
    title: `Waiting: there is no executor ${executor?.name ?? ""}`.trimEnd(),
    detail: "The task names an executor that is not configured.",
    next: "Configure the executor, or correct the task's `executor`.",
  }),
  pool_full: ({ pool }) => ({
    title:
      `Waiting for ${pool && pool.wanted > 1 ? `${pool.wanted} slots` : "a slot"} of pool ${pool?.name ?? ""}`.trimEnd(),
    detail: pool ? `${pool.used} of ${pool.slots} slots are taken.` : "",
    next: "It starts when slots free; higher priority goes first. Give the pool more slots if this lasts.",
  }),
  pool_missing: ({ pool }) => ({
    title: `Waiting: there is no pool ${pool?.name ?? ""}`.trimEnd(),
    detail: "The task names a pool that does not exist.",
    next: "Create the pool, or correct the task's `pool`.",
  }),
  pool_too_small: ({ pool }) => ({
    title: `Can never start: pool ${pool?.name ?? ""} is too small`.replace("  ", " "),
    detail: pool ? `The task wants ${pool.wanted} slots; the pool has ${pool.slots}.` : "",
    next: "Give the pool more slots, or the task fewer `poolSlots`.",
  }),
  run_limit: say(
    "Waiting for room in its run",
    limitDetail,
    `${slotFrees} The Dag's \`maxActiveTasks\` sets the limit.`,
  ),
  run_share: say(
    "Waiting: its run holds its share",
    "Other runs wait too, and one run takes at most half of an executor's slots while they do.",
    "It starts when a slot of its run frees, or when nobody else waits.",
  ),
  task_limit: say(
    "Waiting for other instances of this task",
    limitDetail,
    `${slotFrees} The task's \`maxActivePerDag\` sets the limit.`,
  ),
  task_run_limit: say(
    "Waiting for other instances of this task in this run",
    limitDetail,
    `${slotFrees} The task's \`maxActivePerRun\` sets the limit.`,
  ),
};

export const stateWords: Readonly<Record<TaskInstanceState, Words>> = {
  none: say("Not decided yet", "", "The scheduler looks at it next."),
  scheduled: say("May run, waits for a slot", "", "It starts when every limit it falls under has room."),
  queued: (facts) => ({
    title: "Waiting for a worker",
    detail: facts.executor ? `Offered to executor ${facts.executor.name}.` : "",
    next: "A worker with a free slot takes it. If none does, check that workers of its queue are alive.",
  }),
  running: (facts) => ({
    title: "Running",
    detail: [tries(facts), facts.worker ? `On ${facts.worker}.` : ""].filter(Boolean).join(" "),
    next: "Its log shows what it does.",
  }),
  restarting: say(
    "Cleared while running",
    "Its worker was told to stop.",
    "It begins anew as soon as the old attempt has ended.",
  ),
  up_for_retry: waitWords.retry_delay,
  up_for_reschedule: waitWords.reschedule_due,
  deferred: waitWords.resume_pending,
  awaiting_input: say("Waiting for a person", "", "It goes on when somebody answers."),
  success: say("Succeeded", tries, "Nothing to do."),
  failed: (facts) => ({ title: "Failed", detail: error(facts), next: "Read its log, then clear it to run it again." }),
  skipped: say("Skipped", "", "Clear it to have it decided again."),
  upstream_failed: say("Not run: an upstream task failed", "", "Clear the failed upstream task with what follows it."),
  removed: settleWords.task_removed,
};
