import { readdirSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";

/** Files under one folder that a URL may bring along. */
const maxFiles = 1_000;
const pattern = /(new\s+URL\(\s*)(["'`])(\.{1,2}\/[^"'`$\n]*)\2(\s*,\s*import\.meta\.url\s*\))/g;

export interface UrlFiles {
  /** The code, with each URL pointing to where its file lies in the artifact. */
  readonly code: string;
  /** Absolute paths of the files. */
  readonly files: readonly string[];
  /** Targets that are not there, as written. */
  readonly missing: readonly string[];
}

/**
 * Finds `new URL("./query.sql", import.meta.url)` in author code: such files travel with it, folders (`"./sql/"`) whole.
 * @param placeOf Path of a file in the artifact.
 */
export function findUrlFiles(code: string, path: string, placeOf: (file: string) => string): UrlFiles {
  const files = new Set<string>();
  const missing: string[] = [];
  const rewritten = code.replace(pattern, (whole, ...groups: readonly string[]) => {
    const [start, quote, target = "", end] = groups;
    const place = join(dirname(path), target);
    const found = filesAt(place);
    if (found === null) {
      missing.push(target);
      return whole;
    }
    for (const file of found) files.add(file);
    return `${start}${quote}./${placeOf(place)}${target.endsWith("/") ? "/" : ""}${quote}${end}`;
  });
  return { code: rewritten, files: [...files], missing };
}

function filesAt(place: string): readonly string[] | null {
  const stats = statSync(place, { throwIfNoEntry: false });
  if (!stats) return null;
  return stats.isDirectory() ? filesUnder(place) : [place];
}

function filesUnder(folder: string): readonly string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter((file) => !/(^|\/)(\.|node_modules\/)/.test(relative(folder, file)));
  if (files.length > maxFiles)
    throw new Error(`${folder} holds ${files.length} files; at most ${maxFiles} may be shipped`);
  return files.sort();
}
