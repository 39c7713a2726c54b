import { isBuiltin } from "node:module";
import { basename, dirname } from "node:path";
import type {
  Loader,
  OnLoadResult,
  OnResolveArgs,
  OnResolveResult,
  PartialMessage,
  Plugin,
  PluginBuild,
} from "esbuild";
import { isInside, type Project, projectPath } from "../project.ts";
import { hashOf } from "./hash.ts";
import { FileTooLarge, type Input, loaderOf, readInput } from "./input.ts";
import { maxNesting, tooDeepAt } from "./nesting.ts";
import { type InstalledPackage, isInPackage, type Packages } from "./packages.ts";
import { providedModule, providedModules, shimFor } from "./shims.ts";
import { findUrlFiles } from "./url-files.ts";
import { memberFor, type VendorMember, vendorModule } from "./vendor-member.ts";

/** What one bundling has met so far; it is there also when the bundling fails. */
export interface Findings {
  readonly inputs: Map<string, Input>;
  /** Files that travel along, by absolute path. */
  readonly files: Map<string, Input>;
  readonly members: Map<string, VendorMember>;
  readonly externals: Map<string, InstalledPackage>;
  readonly warnings: string[];
}

export const noFindings = (): Findings => ({
  inputs: new Map(),
  files: new Map(),
  members: new Map(),
  externals: new Map(),
  warnings: [],
});

export interface AuthorBuild {
  readonly project: Project;
  readonly packages: Packages;
  /** Packages that stay outside, by name. */
  readonly isExternal: (found: InstalledPackage) => boolean;
  readonly maxFileBytes: number;
  readonly findings: Findings;
}

/** Marks the questions this plugin asks esbuild itself. */
const asked = { asked: true };

/** Sorts the imports of author code: provided modules, packages to bundle apart, packages that stay outside, own files. */
export function authorPlugin(author: AuthorBuild): Plugin {
  return {
    name: "airloom-author-code",
    setup(build) {
      build.onResolve({ filter: /^[^./]/ }, (args) => resolveName(author, build, args));
      build.onLoad({ filter: /.*/, namespace: "file" }, ({ path }) => loadFile(author, path));
    },
  };
}

async function resolveName(
  author: AuthorBuild,
  build: PluginBuild,
  args: OnResolveArgs,
): Promise<OnResolveResult | undefined> {
  const { path, kind, importer, namespace, resolveDir } = args;
  if (kind === "entry-point" || args.pluginData === asked || isBuiltin(path) || namespace !== "file") return undefined;
  const provided = providedModules[path];
  if (provided !== undefined) return shimFor(providedModule(provided), kind);
  const resolved = await build.resolve(path, { kind, importer, namespace, resolveDir, pluginData: asked });
  // Asked once more without an answer of ours, esbuild words the error.
  if (resolved.errors.length > 0 || resolved.external) return undefined;
  // What is no file, such as a `data:` address, esbuild knows better.
  if (resolved.namespace !== "file") return undefined;
  const found = author.packages.of(resolved.path);
  if (!found) return { path: resolved.path };
  if (author.isExternal(found)) {
    author.findings.externals.set(found.name, found);
    return { path, external: true };
  }
  const member = memberFor(found, resolved.path, kind);
  author.findings.members.set(member.name, member);
  return shimFor(vendorModule(member), kind);
}

async function loadFile(author: AuthorBuild, path: string): Promise<OnLoadResult | undefined> {
  if (isInPackage(path)) return undefined;
  const loader = loaderOf(path);
  if (!loader) return undefined;
  const input = await readInput(path, author.maxFileBytes).catch((error: unknown) => error as Error);
  if (input instanceof Error)
    return { errors: [{ text: unreadable(author.project, path, input), detail: kindOf(input) }] };
  author.findings.inputs.set(path, input);
  const text = Buffer.from(input.bytes).toString("utf8");
  const tooDeep = isCode(loader) ? tooDeepAt(text) : null;
  if (tooDeep !== null) return { errors: [nestingError(text, tooDeep, projectPath(author.project, path))] };
  return { contents: text.includes("import.meta.url") ? await takeUrlFiles(author, path, text) : text, loader };
}

const isCode = (loader: Loader): boolean => loader !== "text";

/** Before the bundler sees it: its process would not survive, and prints pages of its own stack. */
function nestingError(text: string, at: number, file: string): PartialMessage {
  const before = text.slice(0, at);
  const line = before.split("\n").length;
  const column = at - (before.lastIndexOf("\n") + 1);
  const words = `The code is nested too deeply to be read: more than ${maxNesting} levels of brackets.`;
  return { text: words, detail: "nesting", location: { file, line, column, lineText: "" } };
}

const kindOf = (error: Error): string => (error instanceof FileTooLarge ? "limit" : "read");

const unreadable = (project: Project, path: string, error: Error): string =>
  `${projectPath(project, path)} cannot be read: ${error.message}`;

/** @returns the code with its URLs rewritten. */
async function takeUrlFiles(author: AuthorBuild, path: string, text: string): Promise<string> {
  const { project, findings } = author;
  const { code, files, missing } = findUrlFiles(text, path, (file) => filePlace(project, file));
  for (const target of missing) {
    findings.warnings.push(`${projectPath(project, path)} names ${target} by URL, which is not there`);
  }
  for (const file of files) findings.files.set(file, await readInput(file, author.maxFileBytes));
  return code;
}

/** Where a file lies in the artifact: never outside of it, wherever it came from. */
export const filePlace = (project: Project, file: string): string =>
  isInside(project.dir, file)
    ? `files/${projectPath(project, file)}`
    : `files/outside/${hashOf(dirname(file)).slice(0, 12)}/${basename(file)}`;
