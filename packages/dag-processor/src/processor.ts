import type { ImportError, ParseSession } from "@airloom/wire";
import type { Bundler } from "./bundle/bundle-file.ts";
import type { GoneFiles } from "./gone-files.ts";
import type { KnownFile, Unsettled } from "./known-files.ts";
import type { ParseChildren } from "./load/parse-children.ts";
import type { Project } from "./project.ts";
import type { PublishContract, Publisher } from "./publish-report.ts";
import type { ProcessorSettings } from "./settings.ts";
import type { FolderWatch } from "./watch/watch-folders.ts";

/** What happened, for logs and for those who wait. */
export type ProcessorEvent =
  | {
      readonly kind: "parsed";
      readonly file: string;
      readonly dags: readonly string[];
      readonly published: readonly string[];
      readonly seconds: number;
      readonly warnings: readonly string[];
    }
  | { readonly kind: "broken"; readonly file: string; readonly error: ImportError }
  /** As the control plane has it already. */
  | { readonly kind: "unchanged"; readonly file: string }
  | { readonly kind: "gone"; readonly files: readonly string[] }
  /** Nothing is left to do until something changes. */
  | { readonly kind: "idle" }
  | { readonly kind: "trouble"; readonly message: string };

/** What the parts of a running processor share. */
export interface Processor {
  readonly project: Project;
  readonly settings: ProcessorSettings;
  readonly contract: PublishContract;
  readonly log: (event: ProcessorEvent) => void;
  readonly bundler: Bundler;
  readonly children: ParseChildren;
  readonly publisher: Publisher;
  readonly watch: FolderWatch;
  /** Absolute paths of the folders that are watched. */
  watched: ReadonlySet<string>;
  readonly gone: GoneFiles;
  readonly loadFolder: string;
  readonly files: Map<string, KnownFile>;
  readonly unsettled: Unsettled;
  /** Files that wait for their turn, in order. */
  readonly queue: string[];
  readonly inFlight: Set<string>;
  /** What the control plane had when it was last asked; null: not asked yet. */
  session: ReadonlyMap<string, ParseSession["files"][number]> | null;
  /** Looks again after this time; an earlier look that is due already stands. */
  lookIn(ms: number): void;
  /** Dags went away: files that were refused because of their ids are tried again. */
  idsFreed: boolean;
  stopping: boolean;
  /** Grows whenever something may have changed. */
  changes: number;
  /** When `changes` last grew, ms since the epoch. */
  refreshedAt: number;
  /** Why the last listing failed. */
  listTrouble: string | null;
  reportingGone: boolean;
  /** Name of the next folder to load from. */
  nextFolder: number;
  /** Something was done since the last `idle`. */
  active: boolean;
}
