import type { Json, TaskSpec } from "@airloom/core";
import { fromTagged, toTagged } from "@airloom/wire";
import { dagInvalid } from "../authoring-error.ts";
import type { Schema } from "../tasks/task-options.ts";
import type { ParamRef } from "../values/facts.ts";
import { makeParamRefs, makeRunRefs, makeVariableRefs } from "../values/facts.ts";
import type { DagBody, DagOptions, EvaluatedDag } from "./dag-options.ts";
import { inScope } from "./dag-scope.ts";
import { toDagSpec } from "./dag-spec.ts";
import type { DagScope, NodeDraft } from "./draft.ts";
import type { NodeCode } from "./node-code.ts";
import { toParamsSpec } from "./params.ts";
import { toTaskSpec } from "./task-spec.ts";

export interface DagParts {
  readonly id: string;
  readonly options: DagOptions;
  readonly body: (scope: DagBody<Schema, unknown>) => unknown;
}

/** Evaluates a Dag's body and writes down what it made. The same body gives the same Spec: no clock, no chance. */
export function buildDag({ id, options, body }: DagParts): EvaluatedDag {
  const params = toParamsSpec(options.params);
  const data = dataOf(id, options.data);
  const scope: DagScope = {
    dagId: id,
    taskDefaults: options.taskDefaults ?? {},
    nodes: new Map(),
    groups: new Map(),
    upstream: new Map(),
    labels: [],
    group: null,
  };
  const given: DagBody<Schema, unknown> = {
    run: makeRunRefs(scope),
    params: makeParamRefs(scope, params.schema) as ParamRef<unknown>,
    variables: makeVariableRefs(scope),
    // A copy: what one evaluation does to it must not reach the next.
    data: options.data === undefined ? undefined : fromTagged(data),
  };
  refusePromise(
    id,
    inScope(scope, () => body(given)),
  );
  const tasks = taskSpecs(scope);
  return {
    spec: toDagSpec({ id, options, params, data, scope, tasks }),
    nodes: nodeCodes(scope, tasks, options.params ?? null),
  };
}

function dataOf(id: string, data: unknown): Json {
  try {
    return data === undefined ? null : toTagged(data);
  } catch (cause) {
    throw dagInvalid(`\`data\` of Dag \`${id}\` cannot be stored: ${cause instanceof Error ? cause.message : cause}`);
  }
}

function refusePromise(id: string, result: unknown): void {
  if (typeof result !== "object" || result === null || !("then" in result)) return;
  // Its rejection would else end the process after the error below was reported.
  if (result instanceof Promise) result.catch(() => undefined);
  throw dagInvalid(
    `The body of Dag \`${id}\` is async`,
    "Remove `async` and `await`: pass Refs to tasks, and do async work in their functions or at the top of the file.",
  );
}

/** Tasks whose list a mapped task reads, with the readers. */
function expandedLists(scope: DagScope): ReadonlyMap<string, readonly string[]> {
  const readers = new Map<string, string[]>();
  for (const node of scope.nodes.values()) {
    for (const arg of node.mapped ? node.args : []) {
      if (arg.kind === "xcom") readers.set(arg.task, [...(readers.get(arg.task) ?? []), node.id]);
    }
  }
  return readers;
}

function taskSpecs(scope: DagScope): readonly TaskSpec[] {
  const expanded = expandedLists(scope);
  return [...scope.nodes.values()].map((node) =>
    toTaskSpec(node, { upstream: scope.upstream.get(node.id) ?? new Set(), expanded: expanded.has(node.id) }),
  );
}

function nodeCodes(scope: DagScope, tasks: readonly TaskSpec[], paramsSchema: Schema | null): Map<string, NodeCode> {
  const expanded = expandedLists(scope);
  return new Map(
    tasks.map(({ id, digest }) => {
      const { fn, renders, options } = scope.nodes.get(id) as NodeDraft;
      const schemas = { inputSchema: options.input ?? null, outputSchema: options.output ?? null, paramsSchema };
      return [id, { id, digest, fn, renders, ...schemas, expandedBy: expanded.get(id) ?? [] }];
    }),
  );
}
