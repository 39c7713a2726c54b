import { currentScope } from "../dag/dag-scope.ts";
import type { Ref } from "../values/ref.ts";
import { makeNode, nodeRef } from "./make-node.ts";
import type { TaskOptions } from "./task-options.ts";

/**
 * A node that does nothing: a place for edges to meet. It needs no worker.
 * @example chain(empty("start"), [extractA, extractB], empty("done"))
 */
export function empty(id: string, options: TaskOptions = {}): Ref<undefined> {
  const scope = currentScope(`\`empty("${id}")\``, "Call it inside `dag(…)`.");
  const parts = { kind: "empty", operator: "empty", args: [], sources: new Set<string>(), fn: null } as const;
  return nodeRef(makeNode(scope, { id, options, ...parts }));
}
