/**
 * A run that could not be decided, or a Dag whose next run could not be made (`runKey` null): set aside until `retryAt`, so that it
 * holds up nobody else.
 */
export interface QuarantineRow {
  readonly dagId: string;
  readonly runKey: number | null;
  /** The version it failed with. */
  readonly versionId: string;
  /** Of the error, as in the catalogue; `INTERNAL` for what is not in it. */
  readonly code: string;
  /** The error in words. */
  readonly reason: string;
  /** In a row. */
  readonly failures: number;
  /** The first of them. */
  readonly since: Date;
  readonly retryAt: Date;
  /** When it worked again; null while it is set aside. Kept for a while, so that what fails again soon goes on counting. */
  readonly releasedAt: Date | null;
}

export interface QuarantineVerbs {
  /** Inserts or replaces; gone with its run or its Dag. Nothing happens when there is no such run or Dag. */
  putQuarantine(row: QuarantineRow): Promise<void>;
  /** By Dag id, a Dag's own row first, then by run. A Dag's row counts only while its version is the Dag's current one. */
  listQuarantine(): Promise<readonly QuarantineRow[]>;
  /** Null, for a Dag: its own row, whatever the version. */
  deleteQuarantine(of: { readonly dagId: string; readonly runKey: number | null }): Promise<void>;
}
