import type { TriggerRule } from "@airloom/core";
import { checkNames, dagInvalid } from "../authoring-error.ts";
import { checkId, currentScope } from "../dag/dag-scope.ts";
import { toArguments } from "../values/argument.ts";
import type { Elements, Inputs, Ref } from "../values/ref.ts";
import type { Serializable } from "../values/serializable.ts";
import { makeNode, nodeRef } from "./make-node.ts";
import { type TaskOptions, taskOptionNames } from "./task-options.ts";

/** A task as authored: call it in a Dag body to make a node. */
export interface Task<A extends readonly unknown[], R, Rule extends TriggerRule = "all_success"> {
  (...args: Inputs<A, Rule>): Ref<R>;
  /**
   * One instance per element: every argument is a list; several lists give their cross product, the first changing slowest.
   * @example resize.expand(listImages(), ["small", "large"])
   */
  expand(...lists: Elements<A, Rule>): Ref<R[]>;
  /** The same task with other options. @example load.with({ id: "load_us", pool: "us" })(rows) */
  with<Next extends TriggerRule = Rule>(options: TaskOptions<Next>): Task<A, R, Next>;
  /** The function itself, for tests. */
  readonly fn: (...args: A) => R | Promise<R>;
}

type TaskFunction<A extends readonly unknown[], R> = ((...args: A) => R | Promise<R>) & Serializable<R>;

/**
 * Defines a task: an id and a function. What the function takes and returns has to be data; the compiler says where it is not.
 * @throws AirloomError DAG_INVALID for a bad id or option.
 * @example
 * const clean = task("clean", { retries: 2 }, (rows: Row[]) => rows.filter((row) => row.total > 0));
 */
export function task<A extends readonly unknown[], R>(id: string, fn: TaskFunction<A, R>): Task<A, R>;
export function task<A extends readonly unknown[], R, Rule extends TriggerRule = "all_success">(
  id: string,
  options: TaskOptions<Rule>,
  fn: TaskFunction<A, R>,
): Task<A, R, Rule>;
export function task<A extends readonly unknown[], R>(
  id: string,
  second: TaskOptions | ((...args: A) => R | Promise<R>),
  third?: (...args: A) => R | Promise<R>,
): Task<A, R, TriggerRule> {
  const [options, fn] = typeof second === "function" ? [{}, second] : [second, third];
  return makeTask({ id, kind: "task", options, fn: checkFunction(id, fn) });
}

/** What a callable task is made of. */
interface TaskParts<A extends readonly unknown[], R> {
  readonly id: string;
  readonly kind: "task" | "short_circuit";
  readonly options: TaskOptions;
  readonly fn: (...args: A) => R | Promise<R>;
}

export function makeTask<A extends readonly unknown[], R>(parts: TaskParts<A, R>): Task<A, R, TriggerRule> {
  const { id, kind, options, fn } = parts;
  checkId("task", id);
  checkNames(`Task \`${id}\``, options, taskOptionNames);
  const add = (values: readonly unknown[], mapped: boolean): Ref<unknown> => {
    const call = `\`${options.id ?? id}${mapped ? ".expand" : ""}(…)\``;
    const scope = currentScope(call, `Call it inside \`dag(…)\`; for the function itself use \`${id}.fn(…)\`.`);
    const { args, sources } = toArguments(scope, call, values);
    return nodeRef(makeNode(scope, { id, kind, operator: kind, options, fn, args, sources, mapped }));
  };
  return Object.assign((...args: readonly unknown[]) => add(args, false), {
    expand: (...lists: readonly unknown[]) => add(checkLists(id, lists), true),
    with: (more: TaskOptions) => makeTask({ ...parts, options: { ...options, ...more } }),
    fn,
  }) as unknown as Task<A, R, TriggerRule>;
}

export function checkFunction<F>(id: string, fn: F | undefined): F {
  if (typeof fn === "function") return fn;
  throw dagInvalid(`Task \`${id}\` has no function`, `Write \`task("${id}", (…) => …)\`.`);
}

function checkLists(id: string, lists: readonly unknown[]): readonly unknown[] {
  if (lists.length > 0) return lists;
  throw dagInvalid(`\`${id}.expand()\` has no list`, "Give it a list for each parameter of the task.");
}
