import { type FSWatcher, watch } from "node:fs";
import { basename } from "node:path";

export interface FolderWatch {
  /** Watches exactly these folders from now on. What changed in an `added` one before that is not told. */
  set(folders: ReadonlySet<string>): { readonly added: boolean; readonly complete: boolean };
  close(): void;
}

/**
 * Calls back when something in one of some folders changes. A watcher per folder: Node 20's recursive ones on Linux miss
 * folders that are made and filled at once.
 */
export function watchFolders(onChange: () => void): FolderWatch {
  const watchers = new Map<string, FSWatcher>();
  const forget = (folder: string): void => {
    watchers.get(folder)?.close();
    watchers.delete(folder);
  };
  const add = (folder: string): boolean => {
    try {
      const watcher = watch(folder, { persistent: false }, (event, name) => {
        // The folder itself went: one made in its place is another to the kernel.
        if (event === "rename" && name === basename(folder) && watchers.get(folder) === watcher) forget(folder);
        onChange();
      });
      watcher.on("error", () => {
        forget(folder);
        onChange();
      });
      watchers.set(folder, watcher);
      return true;
    } catch {
      return false;
    }
  };
  return {
    set(folders) {
      for (const folder of [...watchers.keys()]) if (!folders.has(folder)) forget(folder);
      const fresh = [...folders].filter((folder) => !watchers.has(folder));
      const added = fresh.filter(add);
      return { added: added.length > 0, complete: added.length === fresh.length };
    },
    close() {
      for (const folder of [...watchers.keys()]) forget(folder);
    },
  };
}
