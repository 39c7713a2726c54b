import type { DagSpec } from "@airloom/core";

/** A row as the recorder wrote it down: columns in snake_case, times as ISO text. */
export type Row = Readonly<Record<string, unknown>>;

/** One committed change of one row, written down by the database itself. */
export interface Change {
  /** Given out while the row was locked: changes of one row stand in the order of their ids. */
  readonly id: number;
  /** When its transaction committed, microseconds since the epoch: changes with the same number are one transaction's. */
  readonly commit: number;
  /** When the row was written, and when its statement arrived. Milliseconds since the epoch, by the database's clock. */
  readonly at: number;
  readonly statementAt: number;
  /** Whose connection it was: `api-1`, `scheduler-2` … */
  readonly actor: string;
  readonly table: string;
  readonly before: Row | null;
  readonly after: Row | null;
}

/** One call as its caller saw it. `unknown`: the connection broke during the commit, so it may or may not have happened. */
export interface Call {
  readonly caller: string;
  readonly verb: string;
  readonly args: Row;
  /** Milliseconds since the epoch. */
  readonly from: number;
  readonly to: number;
  readonly result: "ok" | "fail" | "unknown";
  readonly answer: unknown;
}

/** Times the world was told to keep. Milliseconds. */
export interface Terms {
  /** By actor: how long the leases are that it gives. */
  readonly leaseMs: ReadonlyMap<string, number>;
  readonly graceMs: number;
}

/** Everything known of what happened. Changes in the order of their commits. */
export interface History {
  readonly changes: readonly Change[];
  readonly calls: readonly Call[];
  readonly specs: ReadonlyMap<string, DagSpec>;
  readonly terms: Terms;
}

/** Something that must never happen. */
export interface Anomaly {
  readonly check: string;
  readonly what: string;
}

/** One look at a history, for one kind of anomaly. */
export type Check = (history: History) => readonly string[];

/** Changes of one table whose rows are there after them, by the value of a column; each group in the order of the row's versions. */
export function byRow(
  changes: readonly Change[],
  table: string,
  column: string,
): ReadonlyMap<string, readonly Change[]> {
  const groups = new Map<string, Change[]>();
  for (const change of changes) {
    if (change.table !== table) continue;
    const key = String((change.after ?? change.before)?.[column]);
    const group = groups.get(key);
    if (group) group.push(change);
    else groups.set(key, [change]);
  }
  for (const group of groups.values()) group.sort((a, b) => a.id - b.id);
  return groups;
}

/** Changes by transaction, in the order of the commits. */
export function byCommit(changes: readonly Change[]): readonly (readonly Change[])[] {
  const groups = new Map<number, Change[]>();
  for (const change of changes) {
    const group = groups.get(change.commit);
    if (group) group.push(change);
    else groups.set(change.commit, [change]);
  }
  return [...groups].sort(([a], [b]) => a - b).map(([, group]) => group.sort((a, b) => a.id - b.id));
}

/** A time of a row as milliseconds since the epoch; null when it has none. */
export const timeOf = (value: unknown): number | null => (typeof value === "string" ? Date.parse(value) : null);
