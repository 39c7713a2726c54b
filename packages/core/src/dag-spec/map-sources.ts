import type { ArgSpec, TaskSpec } from "./task-spec.ts";

/** Length of a list that a mapped task reads: a number, `pending` until its source finished, `missing` when it gave no list. */
export type SourceLength = number | "pending" | "missing";

/** The tasks whose lists a mapped task reads, each once. A task that is not mapped reads none. */
export function mapSourceTasks(task: TaskSpec): readonly string[] {
  if (!task.mapped) return [];
  return [...new Set(task.args.flatMap((arg) => (arg.kind === "xcom" ? [arg.task] : [])))];
}

/**
 * Lengths of the lists a mapped task reads, in the order of its arguments: what `RunView.sourceLengths` holds. A list that is
 * a param of the run is `pending` here: only who has the run's params can put in its length.
 * @param lengths Of the source tasks; a task that is not in it counts as `pending`.
 * @example sourceLengthsOf(task, new Map([["list_files", 3]])) // [3, 2] for `one.expand(files, ["eu", "us"])`
 */
export function sourceLengthsOf(task: TaskSpec, lengths: ReadonlyMap<string, SourceLength>): readonly SourceLength[] {
  return task.args.map((arg) => {
    if (arg.kind === "param") return "pending";
    return arg.kind === "xcom" ? (lengths.get(arg.task) ?? "pending") : literalLength(arg);
  });
}

/** Whether an argument of this kind can be a list to map over. */
export const isMappable = (arg: ArgSpec): boolean =>
  arg.kind === "xcom" || arg.kind === "param" || literalLength(arg) !== "missing";

/** Length of a list that stands in the Spec itself; `missing` when the argument is no list. */
function literalLength(arg: ArgSpec): number | "missing" {
  if (arg.kind === "array") return arg.items.length;
  if (arg.kind === "value" && Array.isArray(arg.value)) return arg.value.length;
  return "missing";
}
