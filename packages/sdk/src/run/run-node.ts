import type { Outcome, TaskWorkload, XComOutput } from "@airloom/wire";
import type { NodeCode } from "../dag/node-code.ts";
import { shared } from "../shared-state.ts";
import { checkInput, checkOutput, checkParams } from "./check-schema.ts";
import { makeContext } from "./current-context.ts";
import { encodeRendered, encodeResult } from "./encode-result.ts";
import { outcomeOf, RunProblem } from "./failure.ts";
import { resolveArguments } from "./resolve-arguments.ts";
import type { ContextHost, TaskContext } from "./task-context.ts";

export interface NodeRun {
  readonly node: NodeCode;
  readonly workload: TaskWorkload;
  readonly host: ContextHost;
}

/** What one attempt of a node came to. */
export interface NodeResult {
  readonly outcome: Outcome;
  /** What the function returned, after its output schema; undefined when it did not succeed. */
  readonly value: unknown;
  readonly xcoms: readonly XComOutput[];
}

/**
 * Runs one attempt of a node: resolves its arguments, calls its function, encodes what it returned. Never throws: every return
 * and throw becomes an outcome.
 */
export async function runNode(run: NodeRun): Promise<NodeResult> {
  const xcoms: XComOutput[] = [];
  try {
    checkDigest(run);
    const value = await perform(run, xcoms);
    const result = encodeResult(value, run.workload.task, run.node);
    return { outcome: succeeded(run, value), value, xcoms: [...xcoms, ...result] };
  } catch (thrown) {
    return { outcome: outcomeOf(thrown), value: undefined, xcoms };
  }
}

/** The code that was loaded has to be the code that was published. */
function checkDigest({ node, workload: { task } }: NodeRun): void {
  if (node.digest === task.digest) return;
  throw new RunProblem(
    `The code of "${task.id}" that was loaded is not the one this run is pinned to. The Dag file reads something that differs between machines, such as the environment, a file or the clock.`,
    { kind: "load", name: "DigestMismatch", retry: false },
  );
}

async function perform({ node, workload, host }: NodeRun, xcoms: XComOutput[]): Promise<unknown> {
  const params = await checkParams(node.paramsSchema, workload.params);
  const context = makeContext(workload, params, host);
  const resolved = await resolveArguments(workload, params, host);
  const { fn } = node;
  if (!fn) return undefined;
  return shared.contexts.run(context, async () => {
    const args = node.renders
      ? [await renderFields({ ...(resolved[0] as object) }, node.renders, context)]
      : await checkInput(node.inputSchema, resolved);
    if (node.renders) xcoms.push(encodeRendered(args[0] as Readonly<Record<string, unknown>>));
    const call = fn as (...given: readonly unknown[]) => unknown;
    return checkOutput(node.outputSchema, await call(...args));
  });
}

/** An operator's parameters: those given as functions are computed now. */
async function renderFields(
  fields: Record<string, unknown>,
  renders: NonNullable<NodeCode["renders"]>,
  context: TaskContext,
): Promise<Record<string, unknown>> {
  for (const [name, render] of Object.entries(renders)) fields[name] = await render(context);
  return fields;
}

function succeeded({ node, workload: { task } }: NodeRun, value: unknown): Outcome {
  if (task.kind === "short_circuit") return { kind: "succeeded", decision: Boolean(value) };
  if (task.kind !== "branch") return { kind: "succeeded" };
  const keys = Object.keys(task.branches ?? {});
  if (typeof value === "string" && keys.includes(value)) return { kind: "succeeded", decision: value };
  const chosen = typeof value === "string" ? JSON.stringify(value) : String(value);
  throw new RunProblem(`Branch "${node.id}" chose ${chosen}; its keys are: ${keys.join(", ")}.`, {
    kind: "error",
    name: "UnknownBranch",
    retry: true,
  });
}
