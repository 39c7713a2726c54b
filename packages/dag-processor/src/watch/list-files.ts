import { type Dirent, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { type IgnoreRules, readIgnoreRules } from "./ignore-rules.ts";

export interface Listing {
  /** Dag files, relative to the Dags folder, sorted. */
  readonly files: readonly string[];
  /** Absolute paths of the folders that were looked into. */
  readonly folders: readonly string[];
  /** Folders, relative, that could not be looked into: nothing is known of what they hold. */
  readonly unknown: readonly string[];
}

const dagFile = /\.(ts|mts|js|mjs|tsx)$/;
const otherFile = /(\.d\.[cm]?ts|\.(test|spec)\.[cm]?[jt]sx?)$/;

/** Lists a Dags folder, through links. @throws when the folder itself cannot be listed: that says nothing of its files. */
export function listDagFiles(dagsDir: string): Listing {
  const files: string[] = [];
  const folders: string[] = [];
  const unknown: string[] = [];
  const visited = new Set<string>();
  const isIgnored = rulesOf(dagsDir);
  const visit = (folder: string, entries: readonly Dirent[]): void => {
    folders.push(join(dagsDir, folder));
    for (const entry of entries) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.name.startsWith(".") || entry.name === "node_modules" || isIgnored(path)) continue;
      const kind = kindOf(entry, join(dagsDir, path));
      if (kind === "file" && dagFile.test(path) && !otherFile.test(path)) files.push(path);
      if (kind === "folder") descend(path);
    }
  };
  const descend = (folder: string): void => {
    try {
      // Links may lead in circles.
      const real = realpathSync(join(dagsDir, folder));
      if (visited.has(real)) return;
      visited.add(real);
      visit(folder, readdirSync(real, { withFileTypes: true }));
    } catch {
      unknown.push(folder);
    }
  };
  visited.add(realpathSync(dagsDir));
  visit("", readdirSync(dagsDir, { withFileTypes: true }));
  return { files: files.sort(), folders, unknown };
}

function kindOf(entry: Dirent, path: string): "file" | "folder" | null {
  if (entry.isFile()) return "file";
  if (entry.isDirectory()) return "folder";
  if (!entry.isSymbolicLink()) return null;
  const target = statSync(path, { throwIfNoEntry: false });
  if (target?.isDirectory()) return "folder";
  return target?.isFile() ? "file" : null;
}

function rulesOf(dagsDir: string): IgnoreRules {
  try {
    return readIgnoreRules(readFileSync(join(dagsDir, ".airloomignore"), "utf8"));
  } catch {
    return () => false;
  }
}
