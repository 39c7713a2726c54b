import { readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join, relative } from "node:path";
import type { Metafile, OnResolveArgs, OnResolveResult, Plugin, PluginBuild } from "esbuild";
import { bundleFormat, hashBytes, hashOf } from "./hash.ts";
import { type InstalledPackage, isInPackage, type Packages } from "./packages.ts";
import { runEsbuild } from "./run-esbuild.ts";
import { providedModule, providedModules, shimFor, shimPlugin } from "./shims.ts";
import type { VendorMember } from "./vendor-member.ts";

export interface VendorPart {
  readonly hash: string;
  readonly bytes: Uint8Array;
  /** Packages that are found at run time, because they cannot be bundled. */
  readonly externals: readonly InstalledPackage[];
}

/** Packages that cannot be bundled after all, by name: they have to stay outside. */
export interface VendorRefusal {
  readonly refused: readonly string[];
}

export interface VendorRequest {
  readonly projectDir: string;
  readonly packages: Packages;
  readonly isExternal: (found: InstalledPackage) => boolean;
  readonly members: readonly VendorMember[];
  /** The importing file is an ES module by Node's rule: then a CommonJS default is `module.exports`, whatever it says of itself. */
  readonly fromModule: boolean;
}

/** Code before bundled code: bundled CommonJS still calls `require` for Node's own modules. One line, so that positions stay. */
export const requireBanner =
  'import { createRequire as __airloomRequire } from "node:module"; const require = __airloomRequire(import.meta.url);';

/** Bundles the packages of a file at once, so that each exists once however they import each other. */
export async function buildVendor(request: VendorRequest): Promise<VendorPart | VendorRefusal> {
  const externals = new Map<string, InstalledPackage>();
  const built = await runEsbuild({
    stdin: {
      contents: entryOf(request.members),
      resolveDir: request.projectDir,
      sourcefile: join(request.projectDir, request.fromModule ? "vendor.mjs" : "vendor.ts"),
      loader: "js",
    },
    absWorkingDir: request.projectDir,
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "node",
    target: "node20",
    logLevel: "silent",
    legalComments: "none",
    banner: { js: requireBanner },
    plugins: [shimPlugin, packagePlugin(request, externals)],
  }).catch(() => null);
  if (!built) return { refused: request.members.map((member) => member.package.name) };
  const refused = bindToPlace(request, built.metafile);
  if (refused.length > 0) return { refused };
  const bytes = built.outputFiles[0]?.contents ?? new Uint8Array();
  return { hash: hashInputs(request, built.metafile), bytes, externals: [...externals.values()] };
}

const entryOf = (members: readonly VendorMember[]): string =>
  members
    .map(({ name, path, required }) =>
      required
        ? `export const ${name} = require(${JSON.stringify(path)});`
        : `import * as ${name} from ${JSON.stringify(path)}; export { ${name} };`,
    )
    .join("\n");

const asked = { asked: true };

function packagePlugin(request: VendorRequest, externals: Map<string, InstalledPackage>): Plugin {
  return {
    name: "airloom-packages",
    setup(build) {
      build.onResolve({ filter: /^[^./]/ }, (args) => resolveName({ ...request, externals, build }, args));
    },
  };
}

interface Resolving extends VendorRequest {
  readonly externals: Map<string, InstalledPackage>;
  readonly build: PluginBuild;
}

async function resolveName(at: Resolving, args: OnResolveArgs): Promise<OnResolveResult | undefined> {
  const { path, kind, importer, namespace, resolveDir } = args;
  if (args.pluginData === asked || isBuiltin(path) || namespace !== "file") return undefined;
  const resolved = await at.build.resolve(path, { kind, importer, namespace, resolveDir, pluginData: asked });
  const found = resolved.errors.length > 0 ? null : at.packages.of(resolved.path);
  const provided = providedModules[path];
  // A package that brings another major of zod keeps its own.
  if (provided !== undefined && (provided !== "zod" || !found || found.version.startsWith("4."))) {
    return shimFor(providedModule(provided), kind);
  }
  // An optional dependency that is not installed: whoever needs it gets Node's own error at run time.
  if (resolved.errors.length > 0) return { path, external: true };
  if (found && at.isExternal(found)) {
    at.externals.set(found.name, found);
    return { path, external: true };
  }
  return resolved;
}

const placeWords = /\b__(?:dirname|filename)\b|\bimport\.meta\.(?:url|dirname|filename)\b/;

/** Members whose code asks where it lies: bundled, it would look beside the bundle. */
function bindToPlace(request: VendorRequest, metafile: Metafile): readonly string[] {
  const importers = importersOf(metafile);
  const open = usedInputs(metafile).filter(
    (input) => isCode(input) && placeWords.test(read(request, input).toString()),
  );
  const reached = new Set(open);
  for (let input = open.pop(); input !== undefined; input = open.pop()) {
    for (const importer of importers.get(input) ?? []) {
      if (reached.has(importer)) continue;
      reached.add(importer);
      open.push(importer);
    }
  }
  const paths = new Set([...reached].map((input) => join(request.projectDir, input)));
  return [...new Set(request.members.filter(({ path }) => paths.has(path)).map((member) => member.package.name))];
}

function importersOf({ inputs }: Metafile): ReadonlyMap<string, readonly string[]> {
  const importers = new Map<string, string[]>();
  for (const [importer, { imports }] of Object.entries(inputs)) {
    for (const { path } of imports) importers.set(path, [...(importers.get(path) ?? []), importer]);
  }
  return importers;
}

const isCode = (input: string): boolean => /\.[cm]?[jt]sx?$/.test(input);

/** Files of packages whose code is in the output. */
const usedInputs = ({ outputs }: Metafile): string[] =>
  Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs)
      .filter(([input, { bytesInOutput }]) => bytesInOutput > 0 && isInPackage(`/${input}`))
      .map(([input]) => input),
  );

const read = ({ projectDir }: VendorRequest, input: string): Buffer => readFileSync(join(projectDir, input));

/** Over sources and where they lie in their packages, never over esbuild's output, which holds paths of this machine. */
function hashInputs(request: VendorRequest, metafile: Metafile): string {
  const inputs = Object.keys(metafile.inputs)
    .filter((input) => isInPackage(`/${input}`))
    .map((input) => {
      const path = join(request.projectDir, input);
      const found = request.packages.of(path);
      return `${found?.name}@${found?.version}/${found ? relative(found.dir, path) : input} ${hashBytes(read(request, input))}`;
    });
  const members = request.members.map(({ name }) => name);
  return hashOf("vendor", String(bundleFormat), String(request.fromModule), ...members.sort(), ...inputs.sort());
}
