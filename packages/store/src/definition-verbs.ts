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
   * no run uses is replaced: same number, new id (a version id always means the same spec and code, so readers may cache it). Keeps pause and cursor; ends
   * staleness; `pausedUponCreation` counts for a new Dag only. `changed`: whether `versionId` is a new one.
   */
  publishDag(dag: PublishedDag): Promise<{ readonly dag: DagRow; readonly changed: boolean }>;
  /** Returns those whose pause changed, sorted. */
  setPaused(dagIds: readonly string[], paused: boolean): Promise<readonly string[]>;
  /** `lastRun` left out = it stays. */
  setCursor(
    dagId: string,
    cursor: { readonly nextRun: RunTimesRow | null; readonly lastRun?: RunTimesRow },
  ): Promise<void>;
  /** Unpaused, not stale, next run due by the database's clock, with fewer active runs than they may have; oldest `runAfter` first. */
  listDueDags(limit: number): Promise<readonly DagRow[]>;
  /** When the next scheduled run of an unpaused, not stale Dag with room for it is due (also when that is past): what the loop sleeps by. */
  nextRunDueAt(): Promise<Date | null>;
  /** With its versions and runs. False when there is none. */
  deleteDag(dagId: string): Promise<boolean>;

  /** By file. */
  listDagFiles(): Promise<readonly Omit<DagFileRow, "source">[]>;
  findDagFile(file: string): Promise<DagFileRow | null>;
  /** Replaces what was known; stamps `parsedAt`, and ends `missing` and a requested parse. */
  putDagFile(row: Omit<DagFileRow, "parsedAt" | "missing" | "reparseRequested">): Promise<void>;
  /** False when the file is not known. */
  requestReparse(file: string): Promise<boolean>;
  /** Counts a good listing without these files; those missing `limit` times or more have their Dags made stale and their import errors deleted. Returns the Dags made stale, sorted. */
  missFiles(files: readonly string[], limit: number): Promise<readonly string[]>;
  /** Dags of this file other than those named become stale; those named stop being so. Returns the ones made stale, sorted. */
  keepDagsOfFile(file: string, dagIds: readonly string[]): Promise<readonly string[]>;
  /** Which of these ids other files publish: a duplicate. A stale Dag, or a file missing from the last listing, does not count. By Dag id. */
  listDagsOfOtherFiles(
    file: string,
    dagIds: readonly string[],
  ): Promise<readonly { readonly dagId: string; readonly file: string }[]>;
  /** One per file: replaces the earlier one. */
  putImportError(error: { readonly file: string; readonly sourceHash: string; readonly error: Json }): Promise<void>;
  deleteImportError(file: string): Promise<boolean>;

  /** Ids are made of contents: one that is there is left alone. So with parts. */
  insertArtifact(artifact: NewArtifact): Promise<void>;
  findArtifact(id: string): Promise<NewArtifact | null>;
  /** Those that are not stored, each once. */
  listMissingParts(hashes: readonly string[]): Promise<readonly string[]>;
  putPart(hash: string, bytes: Uint8Array): Promise<void>;
  findPart(hash: string): Promise<Uint8Array | null>;

  /** Inserts it, or stamps `heartbeatAt`; `startedAt` is the first touch. */
  touchService(service: Omit<ServiceRow, "startedAt" | "heartbeatAt">): Promise<void>;
  deleteService(kind: string, id: string): Promise<void>;
  /** By kind and id. */
  listServices(): Promise<readonly ServiceRow[]>;
}
