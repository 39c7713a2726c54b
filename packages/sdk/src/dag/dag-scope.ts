import { AirloomError } from "@airloom/core";
import { dagInvalid } from "../authoring-error.ts";
import { shared } from "../shared-state.ts";
import type { DagScope, NodeDraft } from "./draft.ts";

/** The scope of the Dag body that is being evaluated. @param call What the author called, for the message. */
export function currentScope(call: string, hint: string): DagScope {
  if (shared.scope) return shared.scope;
  throw dagInvalid(`${call} was called outside a Dag body`, hint);
}

/** Evaluates a body in a scope. Bodies of Dags do not nest. */
export function inScope<T>(scope: DagScope, body: () => T): T {
  if (shared.scope) {
    throw dagInvalid(
      `Dag \`${scope.dagId}\` was evaluated inside the body of Dag \`${shared.scope.dagId}\``,
      "Make Dags at the top of the file, or in a loop there.",
    );
  }
  shared.scope = scope;
  try {
    return body();
  } finally {
    shared.scope = null;
  }
}

/** An id with the ids of the groups around it. */
export const idInGroup = (scope: DagScope, id: string): string => (scope.group ? `${scope.group.id}.${id}` : id);

export function addNode(scope: DagScope, node: NodeDraft): NodeDraft {
  if (scope.nodes.has(node.id) || scope.groups.has(node.id)) {
    throw new AirloomError("SPEC_DUPLICATE_TASK", { dagId: scope.dagId, taskId: node.id });
  }
  scope.nodes.set(node.id, node);
  scope.upstream.set(node.id, new Set(node.sources));
  for (let group = scope.group; group; group = group.parent) group.members.push(node);
  return node;
}

// Dots alone are steps between folders: paths and addresses do not keep them.
const taskId = /^(?!\.+$)[A-Za-z0-9_.-]{1,250}$/;
const groupId = /^[A-Za-z0-9_-]{1,250}$/;

/** Refuses an id where it is written, so that the error points there. */
export function checkId(what: "Dag" | "task" | "group", id: unknown): void {
  const pattern = what === "group" ? groupId : taskId;
  if (typeof id === "string" && pattern.test(id)) return;
  const shown = typeof id === "string" ? JSON.stringify(id.slice(0, 100)) : String(id);
  const dot = what === "group" ? "" : ', "." (not alone)';
  throw dagInvalid(
    `${shown} cannot be the id of a ${what}`,
    `Use 1 to 250 of the characters A-Z, a-z, 0-9, "_", "-"${dot}.`,
  );
}
