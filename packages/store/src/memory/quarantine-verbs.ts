import type { QuarantineVerbs } from "../quarantine-verbs.ts";
import { by } from "./order.ts";
import { quarantineKey } from "./tables.ts";
import type { Verbs } from "./verbs.ts";

export const quarantineVerbs: Verbs<QuarantineVerbs> = {
  putQuarantine: async (at, [row]) => {
    const exists = row.runKey === null ? at.tables.dags.get(at, row.dagId) : at.tables.runs.get(at, row.runKey);
    if (exists) await at.tables.quarantine.upsert(at, quarantineKey(row), () => ({ ...row }));
  },
  listQuarantine: (at) =>
    at.tables.quarantine
      .list(at)
      .filter((row) => row.runKey !== null || at.tables.dags.get(at, row.dagId)?.versionId === row.versionId)
      .sort(by((row) => [row.dagId, row.runKey ?? 0])),
  deleteQuarantine: async (at, [of]) => {
    await at.tables.quarantine.remove(at, quarantineKey(of));
  },
};
