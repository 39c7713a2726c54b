import { AirloomError } from "@airloom/core";
import { checkNames } from "../authoring-error.ts";
import { checkId, currentScope, idInGroup } from "../dag/dag-scope.ts";
import type { GroupDraft } from "../dag/draft.ts";
import { addEdges, firstOf, lastOf } from "../dag/edges.ts";
import type { Edges, Ref, ValueRef } from "../values/ref.ts";
import { refBrandOf, ValueRefObject } from "../values/ref-object.ts";
import type { TaskDefaults } from "./task-options.ts";

export interface GroupOptions {
  readonly displayName?: string;
  readonly tooltip?: string;
  /** Options of the tasks in it that do not say otherwise. */
  readonly taskDefaults?: TaskDefaults;
}

/** What a group's body returned, with edges of the whole group: in at its first tasks, out at its last ones. */
export type GroupResult<R> = R extends ValueRef<infer T> ? Ref<T> : R extends object ? R & Edges : Edges;

/**
 * Puts tasks under a name: ids become `group.task`, the UI can fold them.
 * @example
 * const rows = group("extract", { taskDefaults: { retries: 3 } }, () => clean(fetchOrders(run.logicalDate)));
 * notify().after(rows); // after all of the group
 */
export function group<R>(id: string, body: () => R): GroupResult<R>;
export function group<R>(id: string, options: GroupOptions, body: () => R): GroupResult<R>;
export function group(id: string, second: GroupOptions | (() => unknown), third?: () => unknown): unknown {
  const [options, body] = typeof second === "function" ? [{}, second] : [second, third];
  checkId("group", id);
  checkNames(`Group \`${id}\``, options, ["displayName", "tooltip", "taskDefaults"]);
  const scope = currentScope(`\`group("${id}")\``, "Call it inside `dag(…)`.");
  const draft: GroupDraft = {
    id: idInGroup(scope, id),
    displayName: options.displayName ?? id,
    tooltip: options.tooltip ?? null,
    parent: scope.group,
    taskDefaults: options.taskDefaults ?? {},
    members: [],
  };
  if (scope.groups.has(draft.id) || scope.nodes.has(draft.id)) {
    throw new AirloomError("SPEC_DUPLICATE_TASK", { dagId: scope.dagId, taskId: draft.id });
  }
  scope.groups.set(draft.id, draft);
  scope.group = draft;
  try {
    const ends = {
      name: `group \`${draft.id}\``,
      first: () => firstOf(scope, draft.members),
      last: () => lastOf(scope, draft.members),
    };
    return addEdges(copyOf(body?.()), ends, scope);
  } finally {
    scope.group = draft.parent;
  }
}

/** A copy, because the body's own result keeps its own edges: a Ref of a task in the group binds to that task. */
function copyOf(result: unknown): object {
  const brand = refBrandOf(result);
  if (brand) return new ValueRefObject(brand);
  if (Array.isArray(result)) return [...result];
  return typeof result === "object" && result !== null ? { ...result } : {};
}
