import { mkdirSync, realpathSync } from "node:fs";
import { isAbsolute, join, relative, resolve, sep } from "node:path";

/** Where the author's files are. All paths are absolute and real. */
export interface Project {
  /** Root of the author's project: where packages are found and what locations are relative to. */
  readonly dir: string;
  readonly dagsDir: string;
  readonly cacheDir: string;
}

/** @param dagsFolder Relative to the project, or absolute. */
export function openProject(given: {
  readonly projectDir: string;
  readonly dagsFolder: string;
  readonly cacheDir: string;
}): Project {
  mkdirSync(given.cacheDir, { recursive: true });
  const dir = realpathSync(given.projectDir);
  return { dir, dagsDir: realOr(resolve(dir, given.dagsFolder)), cacheDir: realpathSync(given.cacheDir) };
}

/** The Dags folder may come later. */
function realOr(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** How a path is shown and hashed: relative to the project, with slashes. */
export const projectPath = ({ dir }: Pick<Project, "dir">, path: string): string =>
  relative(dir, path).split(sep).join("/");

/** @param file relative to the Dags folder. */
export const dagFilePath = ({ dagsDir }: Pick<Project, "dagsDir">, file: string): string => join(dagsDir, file);

export function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== "" && !way.startsWith("..") && !isAbsolute(way);
}
