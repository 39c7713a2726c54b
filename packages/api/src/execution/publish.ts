import { createHash } from "node:crypto";
import { AirloomError, graphOf, type Json, readSpec } from "@airloom/core";
import { planNextRun } from "@airloom/runs";
import type { Tx } from "@airloom/store";
import type { ArtifactManifest, ImportError, ParsedDag, ParseReport, ParseSession } from "@airloom/wire";
import type { ExecutionDeps } from "./execution-deps.ts";

/** Good listings in a row that must lack a file before its Dags count as gone. */
const missesUntilGone = 2;

/** What is published now. Also says that the processor is alive. */
export function openParseSession(
  { store }: ExecutionDeps,
  processor: { readonly id: string; readonly hostname: string; readonly pid: number },
): Promise<ParseSession> {
  return store.tx(async (tx) => {
    await tx.touchService({ kind: "dag_processor", ...processor });
    const files = await tx.listDagFiles();
    return {
      files: files.map(({ file, sourceHash, artifactId, missing }) => ({
        file,
        // A file that was missed has to be published again, so that its Dags are no longer stale.
        sourceHash: missing > 0 ? "" : sourceHash,
        artifactId,
        broken: artifactId !== sourceHash,
      })),
      requested: files.filter((row) => row.reparseRequested).map((row) => row.file),
    };
  });
}

export const missingParts = ({ store }: ExecutionDeps, hashes: readonly string[]): Promise<readonly string[]> =>
  store.tx((tx) => tx.listMissingParts(hashes));

/** Takes one file's outcome. A broken file keeps its last good version; so does one whose Dag ids another file has. */
export async function publish(
  deps: ExecutionDeps,
  report: ParseReport,
): Promise<{ readonly published: readonly string[] }> {
  const published = await deps.store.tx((tx) => {
    if (report.kind === "gone") return forget(tx, report.files);
    if (report.kind === "broken") return keepBroken(tx, report);
    return publishParsed(tx, deps, report);
  });
  deps.store.hint("dags");
  return { published };
}

async function forget(tx: Tx, files: readonly string[]): Promise<readonly string[]> {
  await tx.missFiles(files, missesUntilGone);
  return [];
}

async function keepBroken(
  tx: Tx,
  { file, sourceHash, error }: Extract<ParseReport, { kind: "broken" }>,
): Promise<readonly string[]> {
  const known = await tx.findDagFile(file);
  await tx.putImportError({ file, sourceHash, error: error as unknown as Json });
  await tx.putDagFile({
    file,
    sourceHash,
    artifactId: known?.artifactId ?? null,
    source: known?.source ?? "",
    seconds: known?.seconds ?? 0,
  });
  return [];
}

type Parsed = Extract<ParseReport, { kind: "parsed" }>;

interface Publishing {
  readonly tx: Tx;
  readonly deps: ExecutionDeps;
  readonly report: Parsed;
  /** Of artifacts that were looked up, by id. */
  readonly codeHashes: Map<string, string>;
}

async function publishParsed(tx: Tx, deps: ExecutionDeps, report: Parsed): Promise<readonly string[]> {
  const { file, artifact } = report;
  for (const dag of report.dags) checkSpec(dag);
  const ids = report.dags.map((dag) => dag.dagId);
  const duplicates = await tx.listDagsOfOtherFiles(file, ids);
  if (duplicates.length > 0)
    return keepBroken(tx, { ...report, kind: "broken", error: duplicateError(file, duplicates) });
  await tx.insertArtifact({
    id: artifact.id,
    file,
    manifest: artifact as unknown as Json,
    partHashes: artifact.parts.map((part) => part.hash),
  });
  const changed: string[] = [];
  const publishing: Publishing = { tx, deps, report, codeHashes: new Map() };
  for (const dag of report.dags) if (await publishDag(publishing, dag)) changed.push(dag.dagId);
  await tx.keepDagsOfFile(file, ids);
  await tx.putDagFile({
    file,
    sourceHash: report.sourceHash,
    artifactId: artifact.id,
    source: report.source,
    seconds: report.seconds,
  });
  await tx.deleteImportError(file);
  return changed;
}

/** Before it is stored: what cannot be read is the sender's mistake, and sending it again is of no use. @throws SPEC_… (422) */
function checkSpec({ dagId, spec }: ParsedDag): void {
  const read = graphOf(readSpec(spec)).spec;
  if (read.dagId !== dagId)
    throw new AirloomError("BAD_REQUEST", {
      reason: `The Spec of Dag "${read.dagId}" was sent as that of "${dagId}".`,
    });
}

async function publishDag(publishing: Publishing, { dagId, spec }: ParsedDag): Promise<boolean> {
  const { tx, deps, report } = publishing;
  const specHash = hashOf(spec);
  const { dag, changed } = await tx.publishDag({
    dagId,
    file: report.file,
    spec,
    specHash,
    artifactId: spec.data === null ? report.artifact.id : await artifactFor(publishing, dagId, specHash),
    newVersionId: deps.newId(),
    pausedUponCreation: spec.pausedUponCreation ?? deps.dagsPausedAtCreation,
  });
  if (changed || dag.nextRun === null) await planNextRun(tx, dag, await deps.versions.load(tx, dag.versionId));
  return changed;
}

/**
 * A Dag made from a row keeps its artifact when neither its row nor the code changed: the file's other rows are no business
 * of its. What else it reads from that list stays as it was when it was published.
 */
async function artifactFor({ tx, report, codeHashes }: Publishing, dagId: string, specHash: string): Promise<string> {
  const { id, codeHash } = report.artifact;
  const dag = await tx.findDag(dagId);
  const version = dag && (await tx.findVersion(dag.versionId));
  if (!version || version.specHash !== specHash || version.artifactId === id) return id;
  const known = codeHashes.get(version.artifactId) ?? (await codeHashOf(tx, version.artifactId));
  codeHashes.set(version.artifactId, known);
  return known === codeHash ? version.artifactId : id;
}

async function codeHashOf(tx: Tx, artifactId: string): Promise<string> {
  const artifact = await tx.findArtifact(artifactId);
  return (artifact?.manifest as unknown as ArtifactManifest | undefined)?.codeHash ?? "";
}

/** Over the JSON with its keys in order, so that equal specs have equal hashes. */
const hashOf = (value: unknown): string =>
  createHash("sha256")
    .update(
      JSON.stringify(value, (_, inner) =>
        inner && typeof inner === "object" && !Array.isArray(inner) ? sorted(inner) : inner,
      ),
    )
    .digest("hex");

const sorted = (value: object) => Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));

function duplicateError(
  file: string,
  duplicates: readonly { readonly dagId: string; readonly file: string }[],
): ImportError {
  const names = duplicates.map((other) => `"${other.dagId}" (also in ${other.file})`).join(", ");
  return {
    kind: "duplicate",
    message: `${file} defines Dag ids that another file has: ${names}`,
    location: file,
    stack: null,
    hint: "Rename one of them, or delete the file that is no longer used.",
  };
}
