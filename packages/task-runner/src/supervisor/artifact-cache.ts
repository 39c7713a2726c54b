import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { link, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, isAbsolute, join, normalize, resolve, sep } from "node:path";
import { AirloomError } from "@airloom/core";
import type { ArtifactManifest, ArtifactPart, ExecutionContract } from "@airloom/wire";

export interface ArtifactCacheOptions {
  readonly contract: Pick<ExecutionContract, "getArtifact" | "getPart">;
  readonly folder: string;
  /** Where packages that stay outside of bundles are looked for, and in the folders above. */
  readonly projectRoot: string;
  readonly mostBytes: number;
}

export interface CachedArtifact {
  readonly id: string;
  readonly folder: string;
  readonly entry: string;
  readonly sdkProtocol: number;
}

interface Held {
  readonly artifact: CachedArtifact;
  /** Of its parts. */
  readonly paths: readonly string[];
  readonly bytes: number;
  uses: number;
  lastUse: number;
}

/** Tasks share the worker's user: one may delete what it was loaded from, and must not take those that come after it along. */
const isWhole = ({ paths }: Held): boolean => paths.every((path) => existsSync(path));

const manifestName = ".manifest.json";
const abandonedMs = 10 * 60_000;

/**
 * Artifacts as folders of files that a child can import. A folder appears whole or not at all, fetches of one artifact are shared,
 * and those not in use for longest go when there are too many.
 */
export class ArtifactCache {
  readonly #options: ArtifactCacheOptions;
  readonly #held = new Map<string, Held>();
  readonly #fetching = new Map<string, Promise<Held>>();
  #clock = 0;

  constructor(options: ArtifactCacheOptions) {
    this.#options = options;
  }

  /** Makes the folders, and takes stock of what is there. */
  async open(): Promise<void> {
    const { folder } = this.#options;
    await mkdir(join(folder, "artifacts"), { recursive: true, mode: 0o700 });
    await mkdir(join(folder, "parts"), { recursive: true, mode: 0o700 });
    for (const name of await readdir(join(folder, "artifacts"))) await this.#recall(name);
  }

  /** What an earlier process left counts; what it left half built goes, unless another process is building it now. */
  async #recall(name: string): Promise<void> {
    const folder = join(this.#options.folder, "artifacts", name);
    if (!name.startsWith(".")) {
      const manifest = await readManifest(folder);
      if (manifest) this.#hold(name, folder, manifest);
    } else if (Date.now() - (await stat(folder)).mtimeMs > abandonedMs) {
      await rm(folder, { recursive: true, force: true });
    }
  }

  #hold(id: string, folder: string, { entry, sdkProtocol, parts }: ArtifactManifest): Held {
    const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
    const uses = this.#held.get(id)?.uses ?? 0;
    const paths = parts.map(({ path }) => join(folder, path));
    const held = { artifact: { id, folder, entry, sdkProtocol }, paths, bytes, uses, lastUse: 0 };
    this.#held.set(id, held);
    return held;
  }

  /** The artifact, fetched if need be, and kept until `release`. @throws AirloomError what the control plane refused with. */
  async use(id: string): Promise<CachedArtifact> {
    const known = this.#held.get(id);
    const held = known && isWhole(known) ? known : await this.#fetchOnce(id);
    held.uses += 1;
    this.#clock += 1;
    held.lastUse = this.#clock;
    return held.artifact;
  }

  release(id: string): void {
    const held = this.#held.get(id);
    if (held) held.uses -= 1;
  }

  #fetchOnce(id: string): Promise<Held> {
    const running = this.#fetching.get(id);
    if (running) return running;
    const fetching = this.#load(id).finally(() => this.#fetching.delete(id));
    this.#fetching.set(id, fetching);
    return fetching;
  }

  async #load(id: string): Promise<Held> {
    if (!/^[\w.-]{1,200}$/.test(id) || id.startsWith("."))
      throw new AirloomError("BAD_REQUEST", { reason: `"${id}" cannot be the id of an artifact` });
    const folder = join(this.#options.folder, "artifacts", id);
    const manifest = (await readManifest(folder)) ?? (await this.#fetch(id, folder));
    const held = this.#hold(id, folder, manifest);
    await this.#makeRoom(id);
    return held;
  }

  async #fetch(id: string, folder: string): Promise<ArtifactManifest> {
    const manifest = await this.#options.contract.getArtifact(id);
    const building = join(this.#options.folder, "artifacts", `.${randomUUID()}`);
    try {
      await Promise.all(manifest.parts.map((part) => this.#place(part, building)));
      await linkExternals(manifest, building, this.#options.projectRoot);
      await writeFile(join(building, manifestName), JSON.stringify(manifest));
      await rename(building, folder).catch(ignoreExisting);
    } finally {
      await rm(building, { recursive: true, force: true });
    }
    return manifest;
  }

  /** Parts are shared between artifacts: a new version of a Dag brings only its own code. */
  async #place(part: ArtifactPart, building: string): Promise<void> {
    const target = join(building, safePath(part.path));
    const stored = join(this.#options.folder, "parts", safePath(part.hash));
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    if (
      await link(stored, target).then(
        () => true,
        () => false,
      )
    )
      return;
    const bytes = await this.#options.contract.getPart(part.hash);
    await writeFile(target, bytes, { mode: 0o600 });
    await link(target, stored).catch(() => undefined);
  }

  async #makeRoom(except: string): Promise<void> {
    let total = [...this.#held.values()].reduce((sum, { bytes }) => sum + bytes, 0);
    const oldestFirst = [...this.#held].sort(([, a], [, b]) => a.lastUse - b.lastUse);
    for (const [id, { artifact, bytes, uses }] of oldestFirst) {
      if (total <= this.#options.mostBytes) return;
      if (uses > 0 || id === except) continue;
      this.#held.delete(id);
      total -= bytes;
      await rm(artifact.folder, { recursive: true, force: true });
      await this.#dropUnusedParts();
    }
  }

  async #dropUnusedParts(): Promise<void> {
    const folder = join(this.#options.folder, "parts");
    for (const name of await readdir(folder).catch(() => [])) {
      const file = join(folder, name);
      // The last name of the file: no artifact holds it any more.
      if ((await stat(file)).nlink === 1) await rm(file, { force: true });
    }
  }
}

/**
 * Packages that stayed outside are found from the artifact wherever the cache lies: by a link to each, as the project finds it. One
 * that is not installed here is left out, and the import says so.
 */
async function linkExternals({ externals }: ArtifactManifest, building: string, projectRoot: string): Promise<void> {
  for (const { name } of externals) {
    const target = installedAt(safePath(name), projectRoot);
    const link = join(building, "node_modules", safePath(name));
    if (target === null) continue;
    await mkdir(dirname(link), { recursive: true, mode: 0o700 });
    await symlink(target, link, "dir").catch(ignoreExisting);
  }
}

/** Node's rule: the nearest `node_modules` upwards that has it. */
function installedAt(name: string, projectRoot: string): string | null {
  for (let folder = resolve(projectRoot); ; folder = dirname(folder)) {
    const place = join(folder, "node_modules", name);
    if (existsSync(join(place, "package.json"))) return place;
    if (dirname(folder) === folder) return null;
  }
}

async function readManifest(folder: string): Promise<ArtifactManifest | null> {
  try {
    const manifest = JSON.parse(await readFile(join(folder, manifestName), "utf8")) as ArtifactManifest;
    await Promise.all(manifest.parts.map((part) => stat(join(folder, safePath(part.path)))));
    return manifest;
  } catch {
    // Not there, or damaged: fetched again.
    await rm(folder, { recursive: true, force: true });
    return null;
  }
}

function safePath(path: string): string {
  const normal = normalize(path);
  if (isAbsolute(normal) || normal.split(sep).includes(".."))
    throw new AirloomError("BAD_REQUEST", { reason: `"${path}" leads out of the artifact's folder` });
  return normal;
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST" && error.code !== "ENOTEMPTY") throw error;
}
