/**
 * What the repository holds: the files git knows or would add, and the packages of the workspace.
 * Gates ask here, so that none of them looks into `node_modules`, build output or an ignored folder.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Reads a file of the repository as text; `path` is relative to its root. */
export const readText = (path) => readFileSync(join(root, path), "utf8");

/** Parses a JSON file of the repository. */
export const readJson = (path) => JSON.parse(readText(path));

let listed;
/** Paths of all files, relative to the root, sorted. Files that are deleted but not yet committed are left out. */
export function files() {
  if (listed === undefined) {
    // A clone may belong to another user than the one who checks it (root in CI): git refuses that unless told.
    const args = ["-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    const out = execFileSync("git", args, { cwd: root, encoding: "utf8", maxBuffer: 1 << 28 });
    listed = [...new Set(out.split("\0"))].filter((path) => path !== "" && existsSync(join(root, path))).sort();
  }
  return listed;
}

/** Code written by hand: TypeScript and JavaScript outside fixtures. */
export const codeFiles = () =>
  files().filter((path) => /\.(ts|tsx|mts|mjs|js|cjs)$/.test(path) && !path.includes("/fixtures/"));

/** Is this file a test, or does it exist for tests alone? */
export const isTest = (path) =>
  /\.test(-d)?\.tsx?$/.test(path) || /(^|\/)tests?\//.test(path) || path.startsWith("packages/testkit/");

/** Every package.json of the workspace, the root's first: `{ dir, manifest }`, `dir` is "" for the root. */
export const manifests = () =>
  files()
    .filter((path) => /(^|\/)package\.json$/.test(path) && !path.includes("/fixtures/"))
    .map((path) => ({ dir: dirname(path) === "." ? "" : dirname(path), manifest: readJson(path) }))
    .sort((a, b) => a.dir.localeCompare(b.dir));
