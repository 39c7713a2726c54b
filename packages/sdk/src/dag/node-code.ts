import type { TaskContext } from "../run/task-context.ts";
import type { Schema } from "../tasks/task-options.ts";

/** The author's function behind a node; its parameters were checked where the node was made. */
export type NodeFunction = (...args: never[]) => unknown;

/** An operator's parameter that is computed when the task runs. */
export type Render = (context: TaskContext) => unknown;

/** What of a node is code: what the Spec cannot hold, found again by the node's id. */
export interface NodeCode {
  readonly id: string;
  /** The digest of the node's Spec as this code builds it: a child compares it with the one it was told to run. */
  readonly digest: string;
  /** null for a node that does nothing. */
  readonly fn: NodeFunction | null;
  /** Operator parameters given as functions, by name; null for other nodes. */
  readonly renders: Readonly<Record<string, Render>> | null;
  readonly inputSchema: Schema | null;
  readonly outputSchema: Schema | null;
  /** The Dag's params: parsed in the child, so that transforms and coercions hold. */
  readonly paramsSchema: Schema | null;
  /** Tasks that expand over this node's list, for the message when it gives none. */
  readonly expandedBy: readonly string[];
}
