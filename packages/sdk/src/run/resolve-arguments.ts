import type { ArgSpec, Json } from "@airloom/core";
import { decodeValue, fromTagged, type InputValue, type TaskWorkload } from "@airloom/wire";
import { contextRun } from "./current-context.ts";
import { RunProblem } from "./failure.ts";
import type { ContextHost } from "./task-context.ts";

interface Resolving {
  readonly workload: TaskWorkload;
  readonly params: Readonly<Record<string, unknown>>;
  readonly host: ContextHost;
  /** Upstream values are decoded once, however many arguments read them. */
  readonly inputs: Map<string, Promise<Resolved>>;
}

/** A value; of a mapped source the one element this instance reads, when the control plane sent that alone. */
interface Resolved {
  readonly value: unknown;
  readonly isElement: boolean;
}

/**
 * The arguments of one attempt: constants, facts and upstream values put together as the Spec says.
 * @throws RunProblem `invalid_input` when something that has to be there is not.
 */
export async function resolveArguments(
  workload: TaskWorkload,
  params: Readonly<Record<string, unknown>>,
  host: ContextHost,
): Promise<readonly unknown[]> {
  const resolving: Resolving = { workload, params, host, inputs: new Map() };
  const { task, elementIndexes } = workload;
  if (!task.mapped) return Promise.all(task.args.map((arg) => resolve(arg, resolving)));
  return Promise.all(task.args.map((arg, index) => resolveElement(arg, elementIndexes[index] ?? 0, resolving)));
}

async function resolveElement(arg: ArgSpec, index: number, resolving: Resolving): Promise<unknown> {
  if (arg.kind === "array") {
    const item = arg.items[index];
    if (!item) throw missing(`the list has no element ${index}`);
    return resolve(item, resolving);
  }
  const { value, isElement } = arg.kind === "xcom" ? await input(arg.task, resolving) : await plain(arg, resolving);
  if (isElement) return value;
  if (!Array.isArray(value)) throw missing("a mapped task was given no list");
  if (index >= value.length) throw missing(`the list has ${value.length} elements, none at ${index}`);
  return (value as unknown[])[index];
}

const plain = async (arg: ArgSpec, resolving: Resolving): Promise<Resolved> => ({
  value: await resolve(arg, resolving),
  isElement: false,
});

async function resolve(arg: ArgSpec, resolving: Resolving): Promise<unknown> {
  switch (arg.kind) {
    case "value":
      return fromTagged(arg.value);
    case "xcom":
      return (await input(arg.task, resolving)).value;
    case "run":
      return runFact(arg, resolving);
    case "param":
      return arg.path.reduce<unknown>(propertyOf, resolving.params);
    case "variable":
      return variable(arg.key, resolving);
    case "array":
      return Promise.all(arg.items.map((item) => resolve(item, resolving)));
    case "object":
      return resolveObject(arg.entries, resolving);
  }
}

async function resolveObject(entries: Readonly<Record<string, ArgSpec>>, resolving: Resolving): Promise<object> {
  const resolved = Object.entries(entries).map(async ([key, arg]) => [key, await resolve(arg, resolving)] as const);
  return Object.fromEntries(await Promise.all(resolved));
}

function input(taskId: string, resolving: Resolving): Promise<Resolved> {
  const { inputs, workload, host } = resolving;
  const found = inputs.get(taskId) ?? decodeInput(workload.inputs[taskId], host);
  inputs.set(taskId, found);
  return found;
}

async function decodeInput(value: InputValue | undefined, host: ContextHost): Promise<Resolved> {
  switch (value?.kind) {
    case "value":
      return { value: decodeValue(value.bytes), isElement: false };
    case "element":
      return { value: decodeValue(value.bytes), isElement: true };
    case "ref":
      return { value: decodeValue(await host.fetchValue(value.ref)), isElement: false };
    case "list":
      // Instances that left nothing (skipped, failed) are not in the list, as in Airflow.
      return { value: value.items.flatMap((item) => (item ? [decodeValue(item)] : [])), isElement: false };
    default:
      return { value: undefined, isElement: false };
  }
}

function runFact({ field }: ArgSpec & { kind: "run" }, { workload }: Resolving): unknown {
  const value: unknown = contextRun(workload)[field];
  if (value !== null) return value;
  throw missing(`run.${field} is an argument, but this run has no logical date`);
}

function variable(key: string, { workload }: Resolving): string {
  const value = workload.variables[key];
  if (value !== undefined && value !== null) return value;
  throw missing(`variable "${key}" is an argument and is not set; set it with: airloom variables set ${key} <value>`);
}

function propertyOf(value: unknown, name: string): unknown {
  const isThere = typeof value === "object" && value !== null && Object.hasOwn(value, name);
  return isThere ? (value as Readonly<Record<string, Json>>)[name] : undefined;
}

// Nothing changes between the tries of one run.
const missing = (message: string): RunProblem =>
  new RunProblem(message, { kind: "invalid_input", name: "InvalidInput", retry: false });
