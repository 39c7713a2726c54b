import { delimiter, join } from "node:path";
import { createBundler } from "./bundle/bundle-file.ts";
import { packageFolders } from "./load/artifact-folder.ts";
import { childCommand, childEnvironment } from "./load/child-command.ts";
import type { ChildStart } from "./load/parse-child.ts";
import { createParseChildren } from "./load/parse-children.ts";
import { type FileReport, parseBundle } from "./parse-bundle.ts";
import { dagFilePath, openProject, type Project, projectPath } from "./project.ts";
import { type ProcessorSettings, resolveProcessorSettings } from "./settings.ts";

export interface ParseOnceOptions {
  /** Root of the author's project. */
  readonly projectDir: string;
  /** Relative to the project, or absolute. */
  readonly dagsFolder: string;
  readonly cacheDir: string;
  /** The built parse child. */
  readonly childPath: string;
  /** Relative to the Dags folder: `orders.ts`. */
  readonly file: string;
  readonly settings?: Partial<ProcessorSettings>;
}

export interface ParsedOnce {
  readonly report: FileReport;
  /** Folder with the artifact's parts, laid out as its manifest says; null when the file could not be bundled. */
  readonly folder: string | null;
}

/**
 * Parses one file without a control plane: for checks and for runs on the spot.
 * @throws AirloomError UNAVAILABLE when no child starts.
 * @example const { report } = await parseOnce({ projectDir, dagsFolder: "dags", cacheDir, childPath, file: "orders.ts" });
 */
export async function parseOnce(options: ParseOnceOptions): Promise<ParsedOnce> {
  const settings = resolveProcessorSettings(options.settings);
  const project = openProject(options);
  const { file, childPath } = options;
  const bundle = await createBundler(project, settings).bundle(file);
  const { outcome } = bundle;
  const folder = join(
    project.cacheDir,
    "artifacts",
    outcome.kind === "bundled" ? outcome.artifact.manifest.id : "none",
  );
  const start = childStart(project, childPath, settings);
  const children = createParseChildren({ start, timeoutMs: settings.fileTimeoutMs, parallel: 1 });
  try {
    const shownName = projectPath(project, dagFilePath(project, file));
    const report = await parseBundle({ project, children, settings, file, shownName, bundle, folder, keep: true });
    return { report, folder: outcome.kind === "bundled" ? folder : null };
  } finally {
    await children.close();
  }
}

/** How children of a project start. */
export const childStart = (project: Project, childPath: string, settings: ProcessorSettings): ChildStart => ({
  ...childCommand(childPath, {
    memoryLimitMb: settings.memoryLimitMb,
    cpuSeconds: Math.ceil(settings.fileTimeoutMs / 1_000) * 20,
  }),
  cwd: project.dir,
  env: { ...childEnvironment(settings.environment), NODE_PATH: packageFolders(project).join(delimiter) },
});
