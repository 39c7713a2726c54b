import { checkNames, dagInvalid } from "../authoring-error.ts";
import { currentScope } from "../dag/dag-scope.ts";
import type { Render } from "../dag/node-code.ts";
import type { TaskContext } from "../run/task-context.ts";
import { toArguments } from "../values/argument.ts";
import type { Input, Ref } from "../values/ref.ts";
import type { Serializable } from "../values/serializable.ts";
import { makeNode, nodeRef } from "./make-node.ts";
import { isTaskOption, type TaskOptions } from "./task-options.ts";

/** What an operator's parameter accepts: a value, a Ref or a structure of Refs, or a function of the context. */
export type Value<T> = Input<T> | ((context: TaskContext) => T | Promise<T>);

/** The parameters of an operator. */
export type Fields<F> = { readonly [K in keyof F]: Value<F[K]> };

/** What an operator is called with: its parameters, and options as every task has them. `input` is an operator's own to use. */
export type OperatorOptions<F> = Fields<F> & Omit<TaskOptions<"all_success">, "id" | "input" | keyof F>;

/** Makes a node of the Dag whose body calls it. */
export type Operator<F, R> = (id: string, options: OperatorOptions<F>) => Ref<R>;

/**
 * Makes an operator of a name and a function of its parameters. What the parameters came to is kept as the XCom `rendered_fields`.
 * @example
 * export const httpCheck = operator("http_check", async ({ url }: { url: string }) => {
 *   const response = await fetch(url, { signal: context().signal });
 *   if (!response.ok) throw new Error(`${url} answered ${response.status}`);
 *   return response.status;
 * });
 * // in a Dag body:
 * httpCheck("site_up", { url: ({ params }) => `https://${params.host}/`, retries: 3 });
 */
export function operator<F extends object, R>(
  name: string,
  fn: ((fields: F) => R | Promise<R>) & Serializable<R>,
): Operator<F, R> {
  if (typeof fn !== "function") throw dagInvalid(`Operator \`${name}\` has no function`);
  return (id, options) => {
    const call = `\`${name}("${id}")\``;
    const scope = currentScope(
      call,
      "Call it inside `dag(…)`; to use one operator in several Dags, wrap it in a function.",
    );
    const { settings, fields, renders } = sort(options);
    const { args, sources } = toArguments(scope, call, [fields]);
    return nodeRef(
      makeNode(scope, { id, kind: "task", operator: name, options: settings, args, sources, fn, renders }),
    );
  };
}

interface Sorted {
  readonly settings: TaskOptions;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly renders: Readonly<Record<string, Render>>;
}

function sort(options: object): Sorted {
  const settings: Record<string, unknown> = {};
  const fields: Record<string, unknown> = {};
  const renders: Record<string, Render> = {};
  for (const [name, value] of Object.entries(options)) {
    if (name !== "input" && isTaskOption(name)) settings[name] = value;
    else if (typeof value === "function") renders[name] = value as Render;
    else if (value !== undefined) fields[name] = value;
  }
  checkNames("An operator", "id" in settings ? { "id (it is the first argument)": 0 } : {}, []);
  return { settings: settings as TaskOptions, fields, renders };
}
