import { existsSync, readFileSync, realpathSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import type { ImportError } from "@airloom/wire";
import type { BuildResult } from "esbuild";
import { dagFilePath, type Project, projectPath } from "../project.ts";
import type { ProcessorSettings } from "../settings.ts";
import { type AuthorBuild, authorPlugin, type Findings, noFindings } from "./author-plugin.ts";
import { isBuildFailure, toImportError } from "./bundle-error.ts";
import { hashOf } from "./hash.ts";
import { readInput } from "./input.ts";
import { type Artifact, makeArtifact } from "./make-artifact.ts";
import { createPackages, type InstalledPackage, type Packages } from "./packages.ts";
import { BundlerCrash, runEsbuild } from "./run-esbuild.ts";
import { shimPlugin } from "./shims.ts";
import { buildVendor, requireBanner, type VendorPart, type VendorRefusal } from "./vendor.ts";
import type { VendorMember } from "./vendor-member.ts";
import { vendorName } from "./vendor-member.ts";

/** What bundling one file gave. */
export interface Bundle {
  /** Over all that went in. */
  readonly sourceHash: string;
  /** The author's file as text. */
  readonly source: string;
  /** State of each file that went in, by absolute path. */
  readonly stamps: ReadonlyMap<string, string>;
  /** `package.json` of the packages it imports: another version is another bundle. */
  readonly packageFiles: readonly string[];
  readonly warnings: readonly string[];
  readonly outcome:
    | { readonly kind: "bundled"; readonly artifact: Artifact }
    | { readonly kind: "broken"; readonly error: ImportError };
}

export interface Bundler {
  /** @param file relative to the Dags folder. */
  bundle(file: string): Promise<Bundle>;
  /** Packages were installed or removed: what is known of them no longer holds. */
  forgetPackages(): void;
}

type Settings = Pick<ProcessorSettings, "externals" | "maxFileBytes" | "maxPartBytes">;

interface State {
  readonly project: Project;
  readonly settings: Settings;
  readonly packages: Packages;
  /** Packages that turned out not to be bundleable. */
  readonly refused: Set<string>;
  readonly vendors: Map<string, Promise<VendorPart | VendorRefusal>>;
}

/** Turns author files into artifacts. Runs nothing of the author's. */
export function createBundler(project: Project, settings: Settings): Bundler {
  const state: State = { project, settings, packages: createPackages(), refused: new Set(), vendors: new Map() };
  return {
    bundle: (file) => bundleFile(state, file),
    forgetPackages() {
      state.packages.forget();
      state.refused.clear();
      state.vendors.clear();
    },
  };
}

async function bundleFile(state: State, file: string): Promise<Bundle> {
  for (;;) {
    const findings = noFindings();
    try {
      const built = await buildMain(state, file, findings);
      const vendor = await vendorFor(state, file, [...findings.members.values()]);
      if (vendor && "refused" in vendor) {
        // Each round keeps one package more outside, so this ends.
        for (const name of vendor.refused) state.refused.add(name);
        continue;
      }
      return bundled(state, { file, findings, built, vendor });
    } catch (error) {
      const name = shownName(state, file);
      if (isBuildFailure(error)) return broken(state, { file, findings, error: toImportError(error, name) });
      if (error instanceof BundlerCrash) return broken(state, { file, findings, error: crashError(error, name) });
      throw error;
    }
  }
}

const crashError = ({ message }: BundlerCrash, location: string): ImportError => ({
  kind: "limit",
  message,
  location,
  stack: null,
  hint: "Build deep structures step by step, or read them from a file in a task.",
});

const shownName = ({ project }: State, file: string): string => projectPath(project, dagFilePath(project, file));

type Built = BuildResult<{ write: false }>;

/** Stands for the name of the vendor part, which is known only once all imports are. */
const vendorPlace = "vendor-0.mjs";
const vendorImport = `import * as ${vendorName} from "./${vendorPlace}"; `;

async function buildMain(state: State, file: string, findings: Findings): Promise<Built> {
  const { project, packages, settings } = state;
  await noteCompilerOptions(state, findings);
  const author: AuthorBuild = {
    project,
    packages,
    isExternal: (found) => isExternal(state, found),
    maxFileBytes: settings.maxFileBytes,
    findings,
  };
  return runEsbuild({
    entryPoints: [dagFilePath(project, file)],
    absWorkingDir: project.dir,
    outfile: join(project.dir, "main.mjs"),
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
    target: "node20",
    sourcemap: "external",
    sourcesContent: false,
    logLevel: "silent",
    legalComments: "none",
    charset: "utf8",
    // A name that an own file does not export is a slip, not a value of undefined.
    logOverride: { "import-is-undefined": "error" },
    banner: { js: vendorImport + requireBanner },
    plugins: [shimPlugin, authorPlugin(author)],
  });
}

/** Paths and options of the nearest `tsconfig.json` are part of what the code means. */
async function noteCompilerOptions({ project, settings }: State, findings: Findings): Promise<void> {
  for (let folder = project.dagsDir; ; folder = dirname(folder)) {
    const path = join(folder, "tsconfig.json");
    if (existsSync(path)) findings.inputs.set(path, await readInput(path, settings.maxFileBytes));
    if (existsSync(path) || folder === project.dir || dirname(folder) === folder) return;
  }
}

const isExternal = ({ settings, refused, packages }: State, found: InstalledPackage): boolean =>
  settings.externals.includes(found.name) || refused.has(found.name) || packages.isNative(found);

function vendorFor(
  state: State,
  file: string,
  members: readonly VendorMember[],
): Promise<VendorPart | VendorRefusal> | null {
  if (members.length === 0) return null;
  const fromModule = isModule(dagFilePath(state.project, file));
  const sorted = [...members].sort((a, b) => (a.name < b.name ? -1 : 1));
  const key = [String(fromModule), ...sorted.map(({ name, path }) => `${name} ${path}`)].join("\n");
  const known = state.vendors.get(key);
  if (known) return known;
  const vendor = buildVendor({
    projectDir: state.project.dir,
    packages: state.packages,
    isExternal: (found) => isExternal(state, found),
    members: sorted,
    fromModule,
  });
  state.vendors.set(key, vendor);
  return vendor;
}

/** Node's rule: the ending, else the nearest package.json. */
function isModule(path: string): boolean {
  if (/\.m[jt]s$/.test(extname(path))) return true;
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const manifest = join(folder, "package.json");
    if (existsSync(manifest)) return /"type"\s*:\s*"module"/.test(readFileSync(manifest, "utf8"));
    if (dirname(folder) === folder) return false;
  }
}

function realOr(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

interface Made {
  readonly file: string;
  readonly findings: Findings;
  readonly built: Built;
  readonly vendor: VendorPart | null;
}

function bundled(state: State, { file, findings, built, vendor }: Made): Bundle {
  const { project, settings } = state;
  const text = (end: string): string => built.outputFiles.find(({ path }) => path.endsWith(end))?.text ?? "";
  const main = text("main.mjs").replace(
    vendorImport,
    vendor ? vendorImport.replace(vendorPlace, `vendor-${vendor.hash}.mjs`) : "",
  );
  const artifact = makeArtifact(project, { file, main, map: text("main.mjs.map"), findings, vendor });
  const large = artifact.manifest.parts.find((part) => part.bytes > settings.maxPartBytes);
  if (large) {
    const message = `The bundled part ${large.path} has ${large.bytes} bytes; at most ${settings.maxPartBytes} are allowed.`;
    const hint = "Import less, list large packages as externals, or load large files in a task.";
    return broken(state, {
      file,
      findings,
      error: { kind: "limit", message, location: shownName(state, file), stack: null, hint },
    });
  }
  return {
    ...seen(state, file, findings),
    sourceHash: artifact.manifest.id,
    warnings: [...built.warnings.map(({ text: warning }) => warning), ...findings.warnings],
    outcome: { kind: "bundled", artifact },
  };
}

function broken(
  state: State,
  { file, findings, error }: { readonly file: string; readonly findings: Findings; readonly error: ImportError },
): Bundle {
  const inputs = [...findings.inputs.values()].map(({ path, hash }) => `${projectPath(state.project, path)} ${hash}`);
  return {
    ...seen(state, file, findings),
    sourceHash: hashOf("broken", JSON.stringify(error), ...inputs.sort()),
    warnings: findings.warnings,
    outcome: { kind: "broken", error },
  };
}

function seen({ project }: State, file: string, { inputs, files, members, externals }: Findings) {
  const path = dagFilePath(project, file);
  const source = inputs.get(realOr(path));
  const dirs = [...[...members.values()].map((member) => member.package), ...externals.values()].map(({ dir }) => dir);
  return {
    source: source ? Buffer.from(source.bytes).toString("utf8") : "",
    stamps: new Map([
      ...[...inputs.values(), ...files.values()].map((input) => [input.path, input.stamp] as const),
      // A link may be pointed elsewhere.
      ...(source ? [[path, source.stamp] as const] : []),
    ]),
    packageFiles: [...new Set(dirs)].map((dir) => join(dir, "package.json")),
  };
}
