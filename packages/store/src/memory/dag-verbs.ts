import type { DefinitionVerbs, PublishedDag } from "../definition-verbs.ts";
import type { DagRow, DagVersionRow } from "../rows.ts";
import { deleteRunWithAll } from "./dag-run-verbs.ts";
import { by, sortedUnique } from "./order.ts";
import { quarantineKey } from "./tables.ts";
import type { Transaction } from "./transaction.ts";
import type { Verbs } from "./verbs.ts";

type DagVerbs = Pick<
  DefinitionVerbs,
  | "findDag"
  | "findVersion"
  | "listVersions"
  | "publishDag"
  | "setPaused"
  | "setCursor"
  | "listDueDags"
  | "nextRunDueAt"
  | "deleteDag"
>;

export const dagVerbs: Verbs<DagVerbs> = {
  findDag: (at, [dagId]) => at.tables.dags.get(at, dagId) ?? null,
  findVersion: (at, [versionId]) => at.tables.versions.get(at, versionId) ?? null,
  listVersions: (at, [versionIds]) => sortedUnique(versionIds).flatMap((id) => at.tables.versions.get(at, id) ?? []),

  publishDag: (at, [published]) => publishDag(at, published),

  setPaused: async (at, [dagIds, paused]) => {
    const make = (row: DagRow) => (row.isPaused === paused ? undefined : { ...row, isPaused: paused });
    const changes = sortedUnique(dagIds).map((key) => ({ key, make }));
    return (await at.tables.dags.updateMany(at, changes)).map((row) => row.dagId);
  },

  setCursor: async (at, [dagId, { nextRun, lastRun }]) => {
    await at.tables.dags.update(at, dagId, (row) => ({ ...row, nextRun, lastRun: lastRun ?? row.lastRun }));
  },

  listDueDags: (at, [limit]) => {
    const now = at.clockNow();
    return schedulable(at)
      .filter((dag) => runAfterOf(dag) <= now)
      .sort(by((dag) => [runAfterOf(dag), dag.dagId]))
      .slice(0, limit);
  },

  nextRunDueAt: (at) =>
    schedulable(at)
      .map(runAfterOf)
      .sort(by((due) => [due]))[0] ?? null,

  deleteDag: async (at, [dagId]) => {
    const { tables } = at;
    if ((await tables.dags.lock(at, dagId)) === undefined) return false;
    for (const run of tables.runs.listBy(at, "dag", dagId)) await deleteRunWithAll(at, run.id);
    for (const version of tables.versions.listBy(at, "dag", dagId)) await tables.versions.remove(at, version.id);
    await tables.quarantine.remove(at, quarantineKey({ dagId, runKey: null }));
    await tables.runNumbers.remove(at, dagId);
    tables.dags.delete(at, dagId);
    return true;
  },
};

const schedulable = (at: Transaction): DagRow[] =>
  at.tables.dags
    .list(at)
    .filter((dag) => !dag.isPaused && !dag.isStale && dag.nextRun !== null && activeRuns(at, dag) < dag.maxActiveRuns);

const activeRuns = (at: Transaction, { dagId }: DagRow): number =>
  at.tables.runs.listBy(at, "dag", dagId).filter(({ state }) => state === "queued" || state === "running").length;

/** Only of Dags that have a cursor. */
const runAfterOf = (dag: DagRow): Date => dag.nextRun?.runAfter ?? new Date(Number.NaN);

async function publishDag(at: Transaction, published: PublishedDag): Promise<{ dag: DagRow; changed: boolean }> {
  const { dags, versions } = at.tables;
  // A first publication has no row to lock yet: a placeholder holds its place until the version is known.
  const existing = await dags.lock(at, published.dagId);
  const current = existing && versions.get(at, existing.versionId);
  if (!existing && !(await dags.insert(at, firstRow(at, published)))) return publishDag(at, published);
  const version = current && isSame(current, published) ? current : publishVersion(at, published, current);
  const dag = dagRow(at, published, { existing, version });
  dags.put(at, dag);
  return { dag, changed: version !== current };
}

const firstRow = (at: Transaction, published: PublishedDag): DagRow => {
  const version = { id: published.newVersionId, number: 1 };
  return dagRow(at, published, { existing: undefined, version });
};

const isSame = (version: DagVersionRow, published: PublishedDag): boolean =>
  version.specHash === published.specHash && version.artifactId === published.artifactId;

/** The Dag's row is locked: no other version is made, and no run of this one, until the end. */
function publishVersion(at: Transaction, published: PublishedDag, current: DagVersionRow | undefined): DagVersionRow {
  const { runs, versions } = at.tables;
  const unused = current && runs.listBy(at, "version", current.id).length === 0;
  if (unused) versions.delete(at, current.id);
  const version: DagVersionRow = {
    id: published.newVersionId,
    dagId: published.dagId,
    number: (current?.number ?? 0) + (unused ? 0 : 1),
    spec: JSON.parse(JSON.stringify(published.spec)),
    specHash: published.specHash,
    artifactId: published.artifactId,
    createdAt: at.clockNow(),
  };
  versions.put(at, version);
  return version;
}

function dagRow(
  at: Transaction,
  { dagId, file, spec, pausedUponCreation }: PublishedDag,
  {
    existing,
    version,
  }: { readonly existing: DagRow | undefined; readonly version: Pick<DagVersionRow, "id" | "number"> },
): DagRow {
  return {
    dagId,
    file,
    isPaused: existing?.isPaused ?? pausedUponCreation,
    isStale: false,
    versionId: version.id,
    versionNumber: version.number,
    maxActiveRuns: spec.maxActiveRuns,
    maxActiveTasks: spec.maxActiveTasks,
    maxConsecutiveFailedRuns: spec.maxConsecutiveFailedRuns,
    nextRun: existing?.nextRun ?? null,
    lastRun: existing?.lastRun ?? null,
    lastParsedAt: at.clockNow(),
  };
}
