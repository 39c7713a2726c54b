import type { DefinitionVerbs } from "../definition-verbs.ts";
import type { DagRow } from "../rows.ts";
import { by, sortedUnique } from "./order.ts";
import { copyJson } from "./tables.ts";
import type { Transaction } from "./transaction.ts";
import type { Verbs } from "./verbs.ts";

type FileVerbs = Pick<
  DefinitionVerbs,
  | "listDagFiles"
  | "findDagFile"
  | "putDagFile"
  | "requestReparse"
  | "missFiles"
  | "keepDagsOfFile"
  | "listDagsOfOtherFiles"
  | "putImportError"
  | "deleteImportError"
>;

export const dagFileVerbs: Verbs<FileVerbs> = {
  listDagFiles: (at) =>
    at.tables.dagFiles
      .list(at)
      .map(({ source: _, ...row }) => row)
      .sort(by((row) => [row.file])),
  findDagFile: (at, [file]) => at.tables.dagFiles.get(at, file) ?? null,

  putDagFile: async (at, [row]) => {
    await at.tables.dagFiles.upsert(at, row.file, () => ({
      ...row,
      parsedAt: at.clockNow(),
      missing: 0,
      reparseRequested: false,
    }));
  },
  requestReparse: async (at, [file]) =>
    (await at.tables.dagFiles.update(at, file, (row) => ({ ...row, reparseRequested: true }))) !== undefined,

  missFiles: async (at, [files, limit]) => {
    const gone: string[] = [];
    for (const file of sortedUnique(files)) {
      const row = await at.tables.dagFiles.update(at, file, (known) => ({ ...known, missing: known.missing + 1 }));
      if (row && row.missing >= limit) gone.push(file);
    }
    for (const file of gone) await at.tables.importErrors.remove(at, file);
    const dags = gone.flatMap((file) => at.tables.dags.listBy(at, "file", file));
    return setStale(
      at,
      dags.map((dag) => dag.dagId),
      true,
    );
  },

  keepDagsOfFile: async (at, [file, dagIds]) => {
    const kept = new Set(dagIds);
    const dags = at.tables.dags.listBy(at, "file", file).map((dag) => dag.dagId);
    await setStale(
      at,
      dags.filter((dagId) => kept.has(dagId)),
      false,
    );
    return setStale(
      at,
      dags.filter((dagId) => !kept.has(dagId)),
      true,
    );
  },

  listDagsOfOtherFiles: (at, [file, dagIds]) =>
    sortedUnique(dagIds).flatMap((dagId) => {
      const dag = at.tables.dags.get(at, dagId);
      if (!dag || dag.file === file || dag.isStale) return [];
      const missing = at.tables.dagFiles.get(at, dag.file)?.missing ?? 0;
      return missing > 0 ? [] : [{ dagId, file: dag.file }];
    }),

  putImportError: async (at, [error]) => {
    await at.tables.importErrors.upsert(at, error.file, (existing) => ({
      ...error,
      error: copyJson(error.error),
      id: existing?.id ?? at.tables.nextNumber("importError"),
      at: at.clockNow(),
    }));
  },
  deleteImportError: (at, [file]) => at.tables.importErrors.remove(at, file),
};

async function setStale(at: Transaction, dagIds: readonly string[], isStale: boolean): Promise<readonly string[]> {
  const make = (row: DagRow) => (row.isStale === isStale ? undefined : { ...row, isStale });
  const changes = sortedUnique(dagIds).map((key) => ({ key, make }));
  return (await at.tables.dags.updateMany(at, changes)).map((row) => row.dagId);
}
