import { join } from "node:path";
import type { Bundle } from "./bundle/bundle-file.ts";
import { seeFile } from "./bundle/stamp.ts";
import type { KnownFile } from "./known-files.ts";
import { brokenHash, type FileReport, parseBundle } from "./parse-bundle.ts";
import type { Processor } from "./processor.ts";
import { dagFilePath, projectPath } from "./project.ts";

const longestPauseMs = 60_000;

/** Bundles one file and, when it is not what the control plane has, loads and publishes it. Never throws: it is tried again later. */
export async function workOnFile(processor: Processor, file: string, known: KnownFile): Promise<void> {
  const { bundler, changes } = processor;
  try {
    const bundle = await bundler.bundle(file);
    note(known, bundle, changes);
    if (isKnown(known, bundle)) processor.log({ kind: "unchanged", file });
    else await deliver(processor, { file, known, bundle });
    known.failures = 0;
  } catch (error) {
    if (processor.stopping) return;
    known.wanted = true;
    known.failures += 1;
    known.notBefore = Date.now() + Math.min(longestPauseMs, 250 * 2 ** known.failures);
    const words = error instanceof Error ? error.message : String(error);
    processor.log({ kind: "trouble", message: `${file} was not published: ${words}` });
  }
}

const isKnown = ({ sourceHash: known }: KnownFile, { sourceHash }: Bundle): boolean =>
  known === sourceHash || known === brokenHash(sourceHash);

function note(known: KnownFile, bundle: Bundle, changes: number): void {
  const { outcome } = bundle;
  known.wanted = false;
  known.packageFiles = new Set(bundle.packageFiles);
  known.stamps = new Map([
    ...bundle.stamps,
    ...bundle.packageFiles.map((path) => [path, seeFile(path).stamp] as const),
  ]);
  const lacks = outcome.kind === "broken" && ["resolve", "read"].includes(outcome.error.kind);
  known.lackedAt = lacks ? changes : null;
}

interface Delivery {
  readonly file: string;
  readonly known: KnownFile;
  readonly bundle: Bundle;
}

async function deliver(processor: Processor, { file, known, bundle }: Delivery): Promise<void> {
  const { children, settings, project, publisher } = processor;
  const { outcome } = bundle;
  const report = await parseBundle({
    project,
    children,
    settings,
    file,
    shownName: projectPath(project, dagFilePath(project, file)),
    bundle,
    folder: join(processor.loadFolder, String(processor.nextFolder++)),
    keep: false,
  });
  if (processor.stopping) return;
  const contents = outcome.kind === "bundled" ? outcome.artifact.contents : new Map<string, Uint8Array>();
  const { published, refused } = await publisher.publish(report, contents);
  known.sourceHash = refused ? brokenHash(report.sourceHash) : report.sourceHash;
  if (report.kind === "parsed") {
    const ids = report.dags.map(({ dagId }) => dagId);
    if (known.dagIds.some((id) => !ids.includes(id))) processor.idsFreed = true;
    known.dagIds = ids;
  }
  tell(processor, refused ? { ...report, kind: "broken", error: refused } : report, published);
}

function tell({ log }: Processor, report: FileReport, published: readonly string[]): void {
  const { file } = report;
  if (report.kind === "broken") {
    log({ kind: "broken", file, error: report.error });
    return;
  }
  const { seconds, warnings } = report;
  log({ kind: "parsed", file, dags: report.dags.map(({ dagId }) => dagId), published, seconds, warnings });
}
