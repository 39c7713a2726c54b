import { type DagSpec, type FinishedState, isFinished, type TaskInstanceState } from "@airloom/core";
import { byCommit, type Change, type Check, type History } from "../history.ts";

/** What a rule says, told from the states themselves and not from counts: a second formulation of the same meaning. */
type Ruling = "run" | "wait" | FinishedState;

const failing: ReadonlySet<string> = new Set(["failed", "upstream_failed"]);

function rulingOf(rule: string, all: readonly TaskInstanceState[]): Ruling {
  const states = all.filter((state) => state !== "removed");
  const some = (...wanted: readonly TaskInstanceState[]) => states.some((state) => wanted.includes(state));
  const isOver = states.every((state) => isFinished(state));
  const anyFailed = states.some((state) => failing.has(state));
  switch (rule) {
    case "all_success":
      if (anyFailed) return "upstream_failed";
      if (some("skipped")) return "skipped";
      return isOver ? "run" : "wait";
    case "all_done":
      return isOver ? "run" : "wait";
    case "one_failed":
      if (anyFailed) return "run";
      return isOver ? "skipped" : "wait";
    case "one_success":
      if (some("success")) return "run";
      if (!isOver) return "wait";
      return anyFailed ? "upstream_failed" : "skipped";
    case "none_failed":
      if (anyFailed) return "upstream_failed";
      return isOver ? "run" : "wait";
    default:
      throw new Error(`the rule ${rule} is not known here`);
  }
}

/** States by run and task, as of each commit. */
type States = Map<string, TaskInstanceState>;

function problemOf(
  { before, after, actor, id }: Change,
  states: States,
  specs: ReadonlyMap<string, DagSpec>,
): string | null {
  if (before?.state !== "none" || !after) return null;
  const task = specs.get(String(after.dag_id))?.tasks.find((one) => one.id === after.task_id);
  if (!task || task.upstream.length === 0) return null;
  const isByRule = after.code === "trigger_rule" && (after.state === "skipped" || after.state === "upstream_failed");
  if (after.state !== "scheduled" && !isByRule) return null;
  const upstream = task.upstream.map((upstreamId) => states.get(`${after.run_key} ${upstreamId}`) ?? "none");
  const ruling = rulingOf(task.triggerRule, upstream);
  const wanted = after.state === "scheduled" ? "run" : after.state;
  return ruling === wanted
    ? null
    : `${after.dag_id} run ${after.run_key} ${after.task_id} became ${after.state}, but ${task.triggerRule} over ${upstream.join(", ")} says ${ruling}, by ${actor} (change ${id})`;
}

/** What starts, and what is settled by its rule, does so by the states of its upstream tasks as committed, or in the same transaction. */
export const rulesAreKept: Check = ({ changes, specs }: History) => {
  const states: States = new Map();
  const problems: string[] = [];
  for (const group of byCommit(changes)) {
    // In the order of writing: a task that a transaction settles may be what the next one in it waits for.
    for (const change of group) {
      const { table, after } = change;
      if (table !== "task_instance" || !after) continue;
      const problem = problemOf(change, states, specs);
      if (problem !== null) pending.push([change, problem]);
      states.set(`${after.run_key} ${after.task_id}`, after.state as TaskInstanceState);
    }
    // Rows of one statement have no order: what looked wrong in the middle is judged at its end.
    for (const [change, problem] of pending.splice(0))
      if (problemOf(change, states, specs) !== null) problems.push(problem);
  }
  return problems;
};

const pending: (readonly [Change, string])[] = [];
