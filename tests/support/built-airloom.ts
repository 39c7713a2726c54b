import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** Root of the repository, from wherever this is bundled to. */
export const root = rootAbove(dirname(fileURLToPath(import.meta.url)));

function rootAbove(folder: string): string {
  return existsSync(join(folder, "layers.mjs")) ? folder : rootAbove(dirname(folder));
}

const builds = join(root, "node_modules/.cache/airloom-system");

/**
 * The folder of the real bundles (`cli.mjs` and the children's) of the sources as they are now. A build of one's own: the one in
 * `packages/airloom/dist` may be replaced while processes start from it. Built once per state of the sources.
 * `failpoints`: with those, which a release has not.
 */
export function builtAirloom({ failpoints = false }: BuildKind = {}): Promise<string> {
  const kind = failpoints ? "with failpoints" : "release";
  // Whatever is edited meanwhile: all processes of one test are of one build.
  building[kind] ??= build({ failpoints });
  return building[kind];
}

interface BuildKind {
  readonly failpoints?: boolean;
}

const building: Record<string, Promise<string>> = {};

async function build(kind: BuildKind): Promise<string> {
  const newest = Math.round(newestIn(join(root, "packages")));
  const folder = join(builds, `${newest}${kind.failpoints ? "-failpoints" : ""}`);
  if (existsSync(folder)) return folder;
  const draft = `${folder}.${process.pid}`;
  const { buildAll } = (await import(pathToFileURL(join(root, "scripts/build.mjs")).href)) as {
    buildAll(outdir: string, kind: BuildKind): Promise<unknown>;
  };
  mkdirSync(builds, { recursive: true });
  removeOld();
  await buildAll(draft, kind);
  try {
    renameSync(draft, folder);
  } catch (error) {
    // Another test file built the same meanwhile.
    if (!existsSync(folder)) throw error;
    rmSync(draft, { recursive: true });
  }
  return folder;
}

/** When the newest source was written, milliseconds. */
function newestIn(folder: string): number {
  let newest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === "node_modules" || entry.name === "dist") continue;
    const path = join(folder, entry.name);
    newest = Math.max(newest, entry.isDirectory() ? newestIn(path) : modified(path));
  }
  return newest;
}

const modified = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

const dayMs = 86_400_000;

function removeOld(): void {
  for (const name of readdirSync(builds)) {
    const path = join(builds, name);
    if (modified(path) < Date.now() - dayMs) rmSync(path, { recursive: true, force: true });
  }
}
