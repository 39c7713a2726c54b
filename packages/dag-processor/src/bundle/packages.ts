import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** A package as it is installed. */
export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
  readonly dir: string;
}

interface PackageJson {
  readonly version?: string;
  readonly gypfile?: boolean;
  readonly binary?: unknown;
  readonly os?: unknown;
  readonly cpu?: unknown;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** What is known of installed packages. Kept until `forget`, because asking costs a file read each time. */
export interface Packages {
  /** The package a file belongs to; null for a file that is in none. */
  of(path: string): InstalledPackage | null;
  /** Whether a package, or one that it depends on, has machine code of its own. */
  isNative(found: InstalledPackage): boolean;
  forget(): void;
}

export function createPackages(): Packages {
  const manifests = new Map<string, PackageJson | null>();
  const natives = new Map<string, boolean>();
  const manifestOf = (dir: string): PackageJson | null => {
    const known = manifests.get(dir);
    if (known !== undefined) return known;
    const manifest = readManifest(dir);
    manifests.set(dir, manifest);
    return manifest;
  };
  const isNative = (dir: string): boolean => {
    const known = natives.get(dir);
    if (known !== undefined) return known;
    // Packages depend on each other in circles: whoever asks again meanwhile gets no.
    natives.set(dir, false);
    const manifest = manifestOf(dir);
    const native = manifest !== null && (hasMachineCode(dir, manifest) || dependenciesOf(dir, manifest).some(isNative));
    natives.set(dir, native);
    return native;
  };
  return {
    of(path) {
      const place = placeOf(path);
      return place && { ...place, version: manifestOf(place.dir)?.version ?? "0.0.0" };
    },
    isNative: ({ dir }) => isNative(dir),
    forget() {
      manifests.clear();
      natives.clear();
    },
  };
}

const segment = "/node_modules/";

export const isInPackage = (path: string): boolean => path.includes(segment);

function placeOf(path: string): { name: string; dir: string } | null {
  const at = path.lastIndexOf(segment);
  if (at < 0) return null;
  const [scope = "", name = ""] = path.slice(at + segment.length).split("/");
  const full = scope.startsWith("@") ? `${scope}/${name}` : scope;
  return { name: full, dir: path.slice(0, at + segment.length) + full };
}

function readManifest(dir: string): PackageJson | null {
  try {
    return JSON.parse(readFileSync(join(dir, "package.json"), "utf8")) as PackageJson;
  } catch {
    return null;
  }
}

/** Packages that exist only to find or build machine code. */
const loaders = [
  "bindings",
  "node-gyp-build",
  "node-addon-api",
  "node-pre-gyp",
  "@mapbox/node-pre-gyp",
  "prebuild-install",
];
/** `@img/sharp-linux-x64`: packages with one platform's machine code. */
const platformName = /(^|[-/])(linux|darwin|win32|freebsd)([-_]|$)/;

function hasMachineCode(dir: string, manifest: PackageJson): boolean {
  const dependencies = Object.keys(manifest.dependencies ?? {});
  return (
    manifest.gypfile === true ||
    manifest.binary !== undefined ||
    manifest.os !== undefined ||
    manifest.cpu !== undefined ||
    dependencies.some((name) => loaders.includes(name)) ||
    Object.keys(manifest.optionalDependencies ?? {}).some((name) => platformName.test(name)) ||
    existsSync(join(dir, "binding.gyp")) ||
    existsSync(join(dir, "prebuilds")) ||
    hasAddon(dir)
  );
}

function hasAddon(dir: string): boolean {
  const folders = [dir, join(dir, "build/Release"), join(dir, "lib")];
  return folders.some((folder) => list(folder).some((name) => name.endsWith(".node")));
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function dependenciesOf(dir: string, { dependencies = {} }: PackageJson): readonly string[] {
  return Object.keys(dependencies).flatMap((name) => findDependency(dir, name) ?? []);
}

/** Node's rule: the nearest `node_modules` upwards that has it. */
function findDependency(from: string, name: string): string | null {
  for (let folder = from; ; folder = dirname(folder)) {
    const dir = join(folder, "node_modules", name);
    if (existsSync(join(dir, "package.json"))) return dir;
    if (dirname(folder) === folder) return null;
  }
}
