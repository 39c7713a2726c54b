import { randomUUID } from "node:crypto";
import { existsSync, lstatSync, readdirSync, rmSync, symlinkSync, unlinkSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Artifact } from "../bundle/make-artifact.ts";
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

/** Packages that stay outside are found upwards from the artifact: in the project, or through a link beside the cache. */
export function linkPackages({ dir, cacheDir }: Project): void {
  if (isInside(dir, cacheDir)) return;
  const link = join(cacheDir, "node_modules");
  const target = nearestPackages(dir);
  if (lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink()) unlinkSync(link);
  if (target && !existsSync(link)) symlinkSync(target, link, "dir");
}

function nearestPackages(from: string): string | null {
  for (let folder = from; ; folder = dirname(folder)) {
    const packages = join(folder, "node_modules");
    if (existsSync(packages)) return packages;
    if (dirname(folder) === folder) return null;
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
