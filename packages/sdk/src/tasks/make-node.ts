import type { ArgSpec, TaskKind } from "@airloom/core";
import { checkNames } from "../authoring-error.ts";
import { addNode, checkId, idInGroup } from "../dag/dag-scope.ts";
import type { DagScope, NodeDraft } from "../dag/draft.ts";
import { addEdges, nodeEnds } from "../dag/edges.ts";
import type { NodeFunction, Render } from "../dag/node-code.ts";
import type { Ref } from "../values/ref.ts";
import { ValueRefObject } from "../values/ref-object.ts";
import { type TaskDefaults, type TaskOptions, taskOptionNames } from "./task-options.ts";

/** What a node is made of. */
export interface NodeParts {
  readonly id: string;
  readonly kind: TaskKind;
  readonly operator: string;
  readonly options: TaskOptions;
  readonly args: readonly ArgSpec[];
  readonly sources: ReadonlySet<string>;
  readonly mapped?: boolean;
  readonly fn: NodeFunction | null;
  readonly renders?: Readonly<Record<string, Render>>;
}

/** Adds a node to the Dag whose body is being evaluated. The nearest word on an option wins: Dag < groups < task. */
export function makeNode(scope: DagScope, parts: NodeParts): NodeDraft {
  const id = parts.options.id ?? parts.id;
  checkId("task", id);
  checkNames(`Task \`${id}\``, parts.options, taskOptionNames);
  return addNode(scope, {
    scope,
    id: idInGroup(scope, id),
    kind: parts.kind,
    operator: parts.operator,
    group: scope.group?.id ?? null,
    options: { ...defaultsAround(scope), ...parts.options },
    args: parts.args,
    sources: parts.sources,
    mapped: parts.mapped ?? false,
    fn: parts.fn,
    renders: parts.renders ?? null,
    branches: parts.kind === "branch" ? new Map() : null,
  });
}

function defaultsAround(scope: DagScope): TaskDefaults {
  let defaults = {};
  for (let group = scope.group; group; group = group.parent) defaults = { ...group.taskDefaults, ...defaults };
  return { ...scope.taskDefaults, ...defaults };
}

/** The Ref of a node. */
export const nodeRef = <T>(draft: NodeDraft): Ref<T> =>
  addEdges(
    new ValueRefObject({ source: { kind: "node", draft }, scope: draft.scope }),
    nodeEnds(draft),
    draft.scope,
  ) as unknown as Ref<T>;
