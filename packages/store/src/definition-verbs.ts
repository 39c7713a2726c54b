import type { DagSpec, Json } from "@airloom/core";
import type { DagRow, DagVersionRow, RunTimesRow, ServiceRow } from "./rows.ts";

export interface DagFileRow {
  readonly file: string;
  readonly sourceHash: string;
  readonly artifactId: string | null;
  readonly source: string;
  readonly parsedAt: Date;
  readonly seconds: number;
  /** Good listings in a row that no longer held it. */
  readonly missing: number;
  readonly reparseRequested: boolean;
}

export interface ImportErrorRow {
  readonly id: number;
  readonly file: string;
  readonly at: Date;
  /** As reported: kind, message, location, stack, hint. */
  readonly error: Json;
  readonly sourceHash: string;
}

export interface NewArtifact {
  readonly id: string;
  readonly file: string;
  readonly manifest: Json;
  readonly partHashes: readonly string[];
}

export interface PublishedDag {
  readonly dagId: string;
  readonly file: string;
  readonly spec: DagSpec;
  readonly specHash: string;
  readonly artifactId: string;
  /** The version's id if a new one is needed. */
  readonly newVersionId: string;
  readonly pausedUponCreation: boolean;
}

/** What authors published, and the processes that are alive. */
export interface DefinitionVerbs {
  findDag(dagId: string): Promise<DagRow | null>;
  findVersion(versionId: string): Promise<DagVersionRow | null>;
  listVersions(versionIds: readonly string[]): Promise<readonly DagVersionRow[]>;
  /**
   * Inserts or updates the Dag; a new version only when spec hash or artifact differ from the current one. A current version that
   * no run uses is replaced: same number, new id (a version id always means the same spec and code, so readers may cache it). Returns the row and whether a version was made.
   */
  publishDag(dag: PublishedDag): Promise<{ readonly dag: DagRow; readonly changed: boolean }>;
  setPaused(dagIds: readonly string[], paused: boolean): Promise<readonly string[]>;
  setCursor(
    dagId: string,
    cursor: { readonly nextRun: RunTimesRow | null; readonly lastRun?: RunTimesRow },
  ): Promise<void>;
  /** Unpaused, not stale, next run due by the database's clock; oldest first. */
  listDueDags(limit: number): Promise<readonly DagRow[]>;
  /** When the next scheduled run is due: what the loop sleeps by. */
  nextRunDueAt(): Promise<Date | null>;
  /** Unpaused Dags without a cursor whose schedule may give one (just unpaused, or just published). */
  deleteDag(dagId: string): Promise<boolean>;

  listDagFiles(): Promise<readonly Omit<DagFileRow, "source">[]>;
  findDagFile(file: string): Promise<DagFileRow | null>;
  putDagFile(row: Omit<DagFileRow, "parsedAt" | "missing" | "reparseRequested">): Promise<void>;
  requestReparse(file: string): Promise<boolean>;
  /** Counts a good listing without these files; those missing `limit` times have their Dags made stale. Returns the stale Dags. */
  missFiles(files: readonly string[], limit: number): Promise<readonly string[]>;
  /** Dags of this file other than those named become stale; those named stop being so. Returns the ones made stale. */
  keepDagsOfFile(file: string, dagIds: readonly string[]): Promise<readonly string[]>;
  /** Which of these ids other live files publish: a duplicate. */
  listDagsOfOtherFiles(
    file: string,
    dagIds: readonly string[],
  ): Promise<readonly { readonly dagId: string; readonly file: string }[]>;
  putImportError(error: { readonly file: string; readonly sourceHash: string; readonly error: Json }): Promise<void>;
  deleteImportError(file: string): Promise<boolean>;

  insertArtifact(artifact: NewArtifact): Promise<void>;
  findArtifact(id: string): Promise<NewArtifact | null>;
  listMissingParts(hashes: readonly string[]): Promise<readonly string[]>;
  putPart(hash: string, bytes: Uint8Array): Promise<void>;
  findPart(hash: string): Promise<Uint8Array | null>;

  touchService(service: Omit<ServiceRow, "startedAt" | "heartbeatAt">): Promise<void>;
  deleteService(kind: string, id: string): Promise<void>;
  listServices(): Promise<readonly ServiceRow[]>;
}
