import { randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Artifact } from "../bundle/make-artifact.ts";
import type { InstalledPackage } from "../bundle/packages.ts";
import { isInside, type Project } from "../project.ts";

/** Writes the parts where a child can import them. */
export async function writeArtifact({ manifest, contents }: Artifact, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const { path, hash, kind } of manifest.parts) {
    const place = join(folder, path);
    if (kind === "file") await mkdir(dirname(place), { recursive: true });
    await writeFile(place, contents.get(hash) ?? "");
  }
}

/** Packages that stay outside are found upwards from the artifact: in the project, or else through links beside the cache. */
export function linkPackages({ dir, cacheDir }: Project, packages: readonly InstalledPackage[]): void {
  if (isInside(dir, cacheDir)) return;
  for (const found of packages) {
    const link = join(cacheDir, "node_modules", found.name);
    if (readLink(link) === found.dir) continue;
    mkdirSync(dirname(link), { recursive: true });
    rmSync(link, { recursive: true, force: true });
    symlinkSync(found.dir, link, "dir");
  }
}

function readLink(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}

/** Every `node_modules` from the project upwards: where CommonJS looks that is asked from outside the project. */
export function packageFolders({ dir }: Project): readonly string[] {
  const folders: string[] = [];
  for (let folder = dir; ; folder = dirname(folder)) {
    folders.push(join(folder, "node_modules"));
    if (dirname(folder) === folder) return folders;
  }
}

/** A new folder for what the children of this process load; those of processes that are gone are removed. */
export function loadFolder({ cacheDir }: Project): string {
  for (const name of readdirSync(cacheDir)) {
    const pid = /^load-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(cacheDir, name), { recursive: true, force: true });
  }
  return join(cacheDir, `load-${process.pid}-${randomUUID()}`);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
