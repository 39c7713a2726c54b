import type { DagSpec } from "@airloom/core";

/** Author code as an immutable, content-addressed set of parts. */
export interface ArtifactManifest {
  /** Hash over the parts' input hashes and the entry. */
  readonly id: string;
  /** Hash over the author's code alone: without the lists of rows that Dags are made from (`dag(id, { data: row })`). */
  readonly codeHash: string;
  readonly format: 1;
  /** The author's file, relative to the Dags folder: `orders.ts`. */
  readonly file: string;
  /** The part and path a child imports. */
  readonly entry: string;
  readonly parts: readonly ArtifactPart[];
  /** Packages that stay outside and must resolve at the worker: native ones, and those the user lists. */
  readonly externals: readonly { readonly name: string; readonly version: string }[];
  /** Version of the SDK-to-runner protocol the code was bundled for. */
  readonly sdkProtocol: number;
}

export interface ArtifactPart {
  /** Hash of the inputs that made it. */
  readonly hash: string;
  /** Where it lies in the artifact's folder: `main.mjs`, `main.mjs.map`, `vendor-<hash>.mjs`, `files/query.sql`. */
  readonly path: string;
  readonly kind: "code" | "map" | "vendor" | "file";
  readonly bytes: number;
}

export interface ParsedDag {
  readonly dagId: string;
  readonly spec: DagSpec;
}

/** What one look at one file gave. A broken file keeps its last good version. */
export type ParseReport =
  | {
      readonly kind: "parsed";
      readonly file: string;
      /** Over all that went in: the artifact's id. */
      readonly sourceHash: string;
      readonly artifact: ArtifactManifest;
      readonly source: string;
      readonly dags: readonly ParsedDag[];
      readonly seconds: number;
      readonly warnings: readonly string[];
    }
  | { readonly kind: "broken"; readonly file: string; readonly sourceHash: string; readonly error: ImportError }
  /** Seen by a successful listing that no longer held them. */
  | { readonly kind: "gone"; readonly files: readonly string[] };

export interface ImportError {
  /** Catalogue-like short kind: `syntax`, `resolve`, `read`, `throw`, `timeout`, `memory`, `exit`, `spec`, `duplicate`, `nondeterministic`, `limit`. */
  readonly kind: string;
  readonly message: string;
  /** `dags/orders.ts:12:5`. */
  readonly location: string | null;
  readonly stack: string | null;
  readonly hint: string | null;
}

/** What the control plane knows, so that a processor does only what is new. */
export interface ParseSession {
  readonly files: readonly {
    readonly file: string;
    readonly sourceHash: string;
    readonly artifactId: string | null;
    readonly broken: boolean;
  }[];
  /** Files someone asked to parse again. */
  readonly requested: readonly string[];
}
