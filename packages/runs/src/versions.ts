import { AirloomError, type DagGraph, graphOf, readSpec } from "@airloom/core";
import type { DagVersionRow, Tx } from "@airloom/store";

/** A stored version with the graph derived from it. */
export interface Version {
  readonly row: DagVersionRow;
  readonly graph: DagGraph;
}

/** Versions do not change once runs use them, so a process keeps the newest used. */
export interface Versions {
  /** @throws VERSION_UNREADABLE when what is stored cannot be read; NOT_FOUND when its Dag was deleted: a run's is always there. */
  load(tx: Tx, versionId: string): Promise<Version>;
}

function readGraph({ id, dagId, number, spec }: DagVersionRow): DagGraph {
  try {
    return graphOf(readSpec(spec));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AirloomError("VERSION_UNREADABLE", { dagId, number, versionId: id, reason }, { cause });
  }
}

/** @param capacity How many versions are kept. @default 2_000 */
export function createVersions(capacity = 2_000): Versions {
  const kept = new Map<string, Version>();
  return {
    async load(tx, versionId) {
      const known = kept.get(versionId);
      if (known) {
        kept.delete(versionId);
        kept.set(versionId, known);
        return known;
      }
      const row = await tx.findVersion(versionId);
      if (!row) {
        const hint = "Its Dag was deleted a moment ago.";
        throw new AirloomError("NOT_FOUND", { what: `The Dag's version ${versionId}`, hint });
      }
      const version = { row, graph: readGraph(row) };
      kept.set(versionId, version);
      for (const oldest of kept.keys()) {
        if (kept.size <= capacity) break;
        kept.delete(oldest);
      }
      return version;
    },
  };
}
