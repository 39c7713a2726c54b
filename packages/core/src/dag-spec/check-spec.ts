import { AirloomError } from "../errors.ts";
import type { DagSpec } from "./dag-spec.ts";
import { isMappable } from "./map-sources.ts";
import { specLimits } from "./spec-limits.ts";
import type { ArgSpec, TaskSpec } from "./task-spec.ts";

const idPattern = /^[A-Za-z0-9_.-]+$/;

/** What holds for the Dag as a whole: ids and sizes. */
export function checkSpec(spec: DagSpec): void {
  checkId("Dag", spec.dagId, spec.dagId);
  for (const group of spec.groups) checkId("group", group.id, spec.dagId);
  checkLimit(spec.dagId, "tasks", spec.tasks.length);
  checkLimit(
    spec.dagId,
    "edges",
    spec.tasks.reduce((sum, task) => sum + task.upstream.length, 0),
  );
}

/** What holds for each task by itself and towards its direct neighbours. Returns the tasks by id. */
export function checkTasks(spec: DagSpec): ReadonlyMap<string, TaskSpec> {
  const tasks = new Map<string, TaskSpec>();
  for (const task of spec.tasks) {
    checkId("task", task.id, spec.dagId);
    if (tasks.has(task.id)) throw new AirloomError("SPEC_DUPLICATE_TASK", { dagId: spec.dagId, taskId: task.id });
    tasks.set(task.id, task);
  }
  for (const task of spec.tasks) for (const check of taskChecks) check(task, tasks, spec);
  return tasks;
}

export function checkLimit(dagId: string, limit: "tasks" | "depth" | "edges", found: number): void {
  const most = specLimits[limit];
  if (found > most) throw new AirloomError("SPEC_LIMIT", { dagId, limit, found, most });
}

function checkId(what: "Dag" | "task" | "group", id: string, dagId: string): void {
  if (id.length > 0 && id.length <= specLimits.idLength && idPattern.test(id) && !/^\.+$/.test(id)) return;
  throw new AirloomError("SPEC_ID", { what, id, dagId, most: specLimits.idLength });
}

type TaskCheck = (task: TaskSpec, tasks: ReadonlyMap<string, TaskSpec>, spec: DagSpec) => void;

/** The first that does not hold is reported: one clear message is worth more than ten that follow from each other. */
const taskChecks: readonly TaskCheck[] = [upstreamsExist, argumentsAreUpstream, failFastHolds, mapsLists, branchesLead];

function upstreamsExist(task: TaskSpec, tasks: ReadonlyMap<string, TaskSpec>, { dagId }: DagSpec): void {
  const seen = new Set<string>();
  for (const upstream of task.upstream) {
    if (!tasks.has(upstream)) throw new AirloomError("SPEC_UNKNOWN_UPSTREAM", { dagId, taskId: task.id, upstream });
    if (seen.has(upstream)) throw new AirloomError("SPEC_DUPLICATE_UPSTREAM", { dagId, taskId: task.id, upstream });
    seen.add(upstream);
  }
}

/** Readiness looks at `upstream` alone: a value from elsewhere could be read before it is written. */
function argumentsAreUpstream(task: TaskSpec, _tasks: ReadonlyMap<string, TaskSpec>, { dagId }: DagSpec): void {
  const upstreams = new Set(task.upstream);
  for (const source of task.args.flatMap(sourcesOf)) {
    if (!upstreams.has(source)) throw new AirloomError("SPEC_ARGUMENT", { dagId, taskId: task.id, source });
  }
}

function sourcesOf(arg: ArgSpec): readonly string[] {
  if (arg.kind === "xcom") return [arg.task];
  if (arg.kind === "array") return arg.items.flatMap(sourcesOf);
  if (arg.kind === "object") return Object.values(arg.entries).flatMap(sourcesOf);
  return [];
}

/** Airflow's rule: under another trigger rule a task could be meant to run after a failure, and fail-fast would skip it. */
function failFastHolds(task: TaskSpec, _tasks: ReadonlyMap<string, TaskSpec>, { dagId, failFast }: DagSpec): void {
  if (!failFast || task.triggerRule === "all_success") return;
  throw new AirloomError("SPEC_FAIL_FAST", { dagId, taskId: task.id, triggerRule: task.triggerRule });
}

function mapsLists(task: TaskSpec, _tasks: ReadonlyMap<string, TaskSpec>, { dagId }: DagSpec): void {
  if (!task.mapped) return;
  const wrong = task.args.findIndex((arg) => !isMappable(arg));
  if (task.args.length > 0 && wrong === -1) return;
  const argument = task.args.length === 0 ? "no argument at all" : `argument ${wrong + 1}, a ${task.args[wrong]?.kind}`;
  throw new AirloomError("SPEC_MAPPED", { dagId, taskId: task.id, argument });
}

function branchesLead(task: TaskSpec, tasks: ReadonlyMap<string, TaskSpec>, { dagId }: DagSpec): void {
  const problem = branchProblem(task, tasks);
  if (problem) throw new AirloomError("SPEC_BRANCH", { dagId, taskId: task.id, problem });
}

function branchProblem(task: TaskSpec, tasks: ReadonlyMap<string, TaskSpec>): string | null {
  if (task.kind !== "branch") return task.branches ? "it names branches but is not of kind branch" : null;
  if (!task.branches) return "it names no branches";
  for (const [key, targets] of Object.entries(task.branches)) {
    const stray = targets.find((target) => !tasks.get(target)?.upstream.includes(task.id));
    if (stray !== undefined) return `key "${key}" leads to "${stray}", which is not directly after it`;
  }
  return null;
}
