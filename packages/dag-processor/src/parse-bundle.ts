import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { ParseReport } from "@airloom/wire";
import type { Bundle } from "./bundle/bundle-file.ts";
import { hashOf } from "./bundle/hash.ts";
import { linkPackages, writeArtifact } from "./load/artifact-folder.ts";
import { checkDags, isError } from "./load/check-dags.ts";
import { compareLoads } from "./load/compare-loads.ts";
import { loadError } from "./load/load-error.ts";
import type { ParseChildren } from "./load/parse-children.ts";
import type { Project } from "./project.ts";
import type { ProcessorSettings } from "./settings.ts";

export interface Parsing {
  readonly project: Project;
  readonly children: ParseChildren;
  readonly settings: ProcessorSettings;
  /** Relative to the Dags folder. */
  readonly file: string;
  /** As shown to people. */
  readonly shownName: string;
  readonly bundle: Bundle;
  /** Where the artifact is written. */
  readonly folder: string;
  /** Leave it there. */
  readonly keep: boolean;
}

export type FileReport = Exclude<ParseReport, { kind: "gone" }>;

/** Loads a bundled file in a child and says what came of it. @throws AirloomError UNAVAILABLE when no child starts. */
export async function parseBundle(parsing: Parsing): Promise<FileReport> {
  const { bundle, file, folder, keep, project } = parsing;
  const { outcome, sourceHash } = bundle;
  if (outcome.kind === "broken") return { kind: "broken", file, sourceHash, error: outcome.error };
  try {
    await writeArtifact(outcome.artifact, folder);
    linkPackages(project, outcome.artifact.externals);
    return await loadFile(parsing, outcome.artifact);
  } finally {
    if (!keep) await rm(folder, { recursive: true, force: true });
  }
}

/** Source hash of a file that was bundled but did not load: it is no artifact's id. */
export const brokenHash = (sourceHash: string): string => hashOf("broken", sourceHash);

type Bundled = Extract<Bundle["outcome"], { kind: "bundled" }>["artifact"];

async function loadFile(parsing: Parsing, { manifest, map }: Bundled): Promise<FileReport> {
  const { children, settings, file, shownName, bundle, folder } = parsing;
  const { sourceHash, source } = bundle;
  const entry = join(folder, manifest.entry);
  const start = performance.now();
  const { maxDagsPerFile: maxDags, maxSpecBytes, fileTimeoutMs: timeoutMs, memoryLimitMb } = settings;
  const request = { entry, maxDags, maxSpecBytes };
  const loaded = await children.load({ ...request, opposite: null });
  const seconds = (performance.now() - start) / 1_000;
  if (loaded.kind !== "loaded") {
    const error = loadError(loaded, { shownName, entry, map, timeoutMs, memoryLimitMb });
    return { kind: "broken", file, sourceHash: brokenHash(sourceHash), error };
  }
  const changed =
    loaded.chances && compareLoads(loaded, await children.load({ ...request, opposite: loaded.chances }), shownName);
  if (changed) return { kind: "broken", file, sourceHash: brokenHash(sourceHash), error: changed };
  const dags = checkDags(loaded.dags, shownName);
  if (isError(dags)) return { kind: "broken", file, sourceHash: brokenHash(sourceHash), error: dags };
  const printed = loaded.output.trim();
  const warnings = [...bundle.warnings, ...(printed ? [`The file printed while it loaded: ${printed}`] : [])];
  return { kind: "parsed", file, sourceHash, artifact: manifest, source, dags, seconds, warnings };
}
