import type { DagGraph } from "@airloom/core";
import type { DagRunRow, Tx } from "@airloom/store";
import type { RunsDeps } from "./deps.ts";

/** A run whose row this transaction has locked, with the graph of the version it is pinned to. */
export interface LockedRun {
  readonly tx: Tx;
  readonly deps: RunsDeps;
  readonly run: DagRunRow;
  readonly graph: DagGraph;
}

/** Locks runs in the order of their keys; those that are gone are left out. */
export async function lockRuns(tx: Tx, deps: RunsDeps, runKeys: readonly number[]): Promise<readonly LockedRun[]> {
  const runs = await tx.lockRuns([...runKeys].sort((a, b) => a - b));
  const locked: LockedRun[] = [];
  for (const run of runs) locked.push({ tx, deps, run, graph: (await deps.versions.load(tx, run.versionId)).graph });
  return locked;
}
