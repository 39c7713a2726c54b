import { type SeenFile, type Stamp, seeFile } from "./bundle/stamp.ts";

/** What is known of one Dag file. */
export interface KnownFile {
  /** State of each file it was bundled from when it was read, by absolute path. */
  stamps: ReadonlyMap<string, Stamp>;
  /** `package.json` files among them. */
  packageFiles: ReadonlySet<string>;
  /** What the control plane has of it; null: nothing, or not known. */
  sourceHash: string | null;
  /** It misses a file or the right to read one: any change anywhere may heal it. The count of changes at its last try. */
  lackedAt: number | null;
  /** Ids of its Dags when it last loaded. */
  dagIds: readonly string[];
  /** Look at it even if nothing of it changed. */
  wanted: boolean;
  /** Not before this time, ms since the epoch; grows with failures to deliver. */
  notBefore: number;
  failures: number;
}

export const newKnownFile = (sourceHash: string | null): KnownFile => ({
  stamps: new Map(),
  packageFiles: new Set(),
  sourceHash,
  lackedAt: null,
  dagIds: [],
  wanted: true,
  notBefore: 0,
  failures: 0,
});

/** Looks at files once per round, and knows which of them are still being written. */
export interface Round {
  see(path: string): SeenFile;
  /** Whether a file has been at rest for long enough to be read. */
  isSettled(path: string): boolean;
}

/** Stamps that were new in the last round, with the time they were first seen. */
export type Unsettled = Map<string, { readonly stamp: Stamp; readonly since: number }>;

export function startRound(unsettled: Unsettled, settleMs: number, now: number): Round {
  const seen = new Map<string, SeenFile>();
  const see = (path: string): SeenFile => {
    const known = seen.get(path) ?? seeFile(path);
    seen.set(path, known);
    return known;
  };
  return {
    see,
    isSettled(path) {
      const { stamp, changedAt } = see(path);
      const before = unsettled.get(path);
      // By the file's own time, or where clocks differ by ours.
      if (
        stamp === null ||
        now - changedAt >= settleMs ||
        (before?.stamp === stamp && now - before.since >= settleMs)
      ) {
        unsettled.delete(path);
        return true;
      }
      if (before?.stamp !== stamp) unsettled.set(path, { stamp, since: now });
      return false;
    },
  };
}

/** Files that are not as they were when they were read. */
export const changedPaths = ({ stamps }: KnownFile, { see }: Round): readonly string[] =>
  [...stamps].filter(([path, stamp]) => see(path).stamp !== stamp).map(([path]) => path);
