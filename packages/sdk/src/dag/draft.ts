import type { ArgSpec, TaskKind } from "@airloom/core";
import type { TaskDefaults, TaskOptions } from "../tasks/task-options.ts";
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

export interface GroupDraft {
  /** With the ids of the groups around it. */
  readonly id: string;
  readonly displayName: string;
  readonly tooltip: string | null;
  readonly parent: GroupDraft | null;
  readonly taskDefaults: TaskDefaults;
  /** The nodes in it, those of groups in it too. */
  readonly members: NodeDraft[];
}

/** One evaluation of one Dag's body: what it has made so far. */
export interface DagScope {
  readonly dagId: string;
  readonly taskDefaults: TaskDefaults;
  readonly nodes: Map<string, NodeDraft>;
  readonly groups: Map<string, GroupDraft>;
  /** Ids of the nodes directly before each node. */
  readonly upstream: Map<string, Set<string>>;
  readonly labels: { readonly from: string; readonly to: string; readonly label: string }[];
  /** The group whose body is being evaluated. */
  group: GroupDraft | null;
}
