import type { Listing } from "./watch/list-files.ts";

/** Reports until a file counts as gone: the control plane asks for as many. */
const reports = 2;

/** Files that were known and are no longer listed. */
export interface GoneFiles {
  /** Files to report as gone now. */
  toReport(known: Iterable<string>, listing: Listing): readonly string[];
  /** The report was taken. @returns files that are gone for good. */
  reported(files: readonly string[]): readonly string[];
  /** Forgets a file that is there again. @returns whether it was missed. */
  isBack(file: string): boolean;
  /** Some will have to be reported again. */
  readonly waiting: boolean;
}

export function createGoneFiles(goneMs: number, now: () => number): GoneFiles {
  const missed = new Map<string, { readonly count: number; readonly at: number }>();
  return {
    toReport(known, { files, unknown }) {
      const listed = new Set(files);
      // A folder that is empty all at once is more often not mounted than emptied.
      const pause = files.length === 0 ? goneMs * 5 : goneMs;
      return [...new Set(known)].filter((file) => {
        if (listed.has(file) || unknown.some((folder) => file.startsWith(`${folder}/`))) return false;
        const miss = missed.get(file);
        return !miss || (miss.count < reports && now() - miss.at >= pause);
      });
    },
    reported(files) {
      for (const file of files) missed.set(file, { count: (missed.get(file)?.count ?? 0) + 1, at: now() });
      return files.filter((file) => missed.get(file)?.count === reports);
    },
    isBack: (file) => missed.delete(file),
    get waiting() {
      return [...missed.values()].some(({ count }) => count < reports);
    },
  };
}
