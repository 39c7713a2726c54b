import type { DefinitionVerbs } from "../definition-verbs.ts";
import { by, sortedUnique } from "./order.ts";
import { copyJson, keyOf } from "./tables.ts";
import type { Verbs } from "./verbs.ts";

type ArtifactVerbs = Pick<
  DefinitionVerbs,
  "insertArtifact" | "findArtifact" | "listMissingParts" | "putPart" | "findPart"
>;

export const artifactVerbs: Verbs<ArtifactVerbs> = {
  insertArtifact: async (at, [artifact]) => {
    const partHashes = [...artifact.partHashes];
    await at.tables.artifacts.insert(at, { ...artifact, manifest: copyJson(artifact.manifest), partHashes });
  },
  findArtifact: (at, [id]) => at.tables.artifacts.get(at, id) ?? null,
  listMissingParts: (at, [hashes]) => sortedUnique(hashes).filter((hash) => !at.tables.parts.get(at, hash)),
  putPart: async (at, [hash, bytes]) => {
    await at.tables.parts.insert(at, { hash, bytes: bytes.slice() });
  },
  findPart: (at, [hash]) => at.tables.parts.get(at, hash)?.bytes ?? null,
};

type ServiceVerbs = Pick<DefinitionVerbs, "touchService" | "deleteService" | "listServices">;

export const serviceVerbs: Verbs<ServiceVerbs> = {
  touchService: async (at, [service]) => {
    const now = at.clockNow();
    await at.tables.services.upsert(at, keyOf(service.kind, service.id), (existing) => ({
      ...service,
      startedAt: existing?.startedAt ?? now,
      heartbeatAt: now,
    }));
  },
  deleteService: async (at, [kind, id]) => {
    await at.tables.services.remove(at, keyOf(kind, id));
  },
  listServices: (at) => at.tables.services.list(at).sort(by((service) => [service.kind, service.id])),
};
