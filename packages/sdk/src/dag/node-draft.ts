import type { ArgSpec, TaskKind } from "@airloom/core";
import type { TaskOptions } from "../tasks/task-options.ts";
import type { DagScope } from "./dag-scope.ts";
import type { NodeFunction, Render } from "./node-code.ts";

/** A node while its Dag's body is evaluated. */
export interface NodeDraft {
  readonly scope: DagScope;
  /** With the ids of its groups. */
  readonly id: string;
  readonly kind: TaskKind;
  readonly operator: string;
  readonly group: string | null;
  readonly options: TaskOptions;
  readonly args: readonly ArgSpec[];
  /** Ids of the tasks whose values it reads. */
  readonly sources: ReadonlySet<string>;
  readonly mapped: boolean;
  readonly fn: NodeFunction | null;
  readonly renders: Readonly<Record<string, Render>> | null;
  /** For a branch: nodes each key leads to, filled while the branch is called. */
  readonly branches: Map<string, readonly NodeDraft[]> | null;
}
