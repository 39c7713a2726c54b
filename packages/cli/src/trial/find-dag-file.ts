import { readdirSync, readFileSync } from "node:fs";
import { isAbsolute, join, relative, resolve, sep } from "node:path";
import { AirloomError, type DagSpec } from "@airloom/core";
import { type ParsedOnce, parseOnce } from "@airloom/dag-processor";
import { closest } from "../output/closest.ts";
import type { ProcessContext } from "../processes/process-context.ts";

/** A Dag as its file gives it now, with the code that runs it. */
export interface FoundDag {
  readonly spec: DagSpec;
  readonly report: Extract<ParsedOnce["report"], { kind: "parsed" }>;
  /** Where the artifact's parts lie. */
  readonly folder: string;
}

/**
 * Parses files of the Dags folder until one defines the Dag: first those that name it in their text.
 * @param given The file to parse instead; relative to the working folder.
 * @throws DAG_INVALID when the file that should define it does not load; CLI_UNKNOWN_ID
 */
export async function findDagFile(context: ProcessContext, dagId: string, given?: string): Promise<FoundDag> {
  const dagsDir = resolve(context.home.project, context.config.core.dagsFolder);
  const files = given === undefined ? candidates(dagsDir, dagId) : [{ file: fileIn(dagsDir, given), names: true }];
  const seen: string[] = [];
  let broken: AirloomError | undefined;
  for (const { file, names } of files) {
    const { report, folder } = await parse(context, file);
    if (report.kind === "broken") {
      const { location, message, hint } = report.error;
      const error = new AirloomError("DAG_INVALID", {
        reason: `${location ?? file}: ${message.replace(/\.$/, "")}`,
        hint,
      });
      if (names) broken ??= error;
      continue;
    }
    const spec = report.dags.find((dag) => dag.dagId === dagId)?.spec;
    if (spec && folder) return { spec, report, folder };
    seen.push(...report.dags.map((dag) => dag.dagId));
  }
  // A file that names the Dag and does not load is most likely the one that was meant.
  if (broken) throw broken;
  const noun = given === undefined ? "Dag in the Dags folder" : `Dag in ${given}`;
  throw new AirloomError("CLI_UNKNOWN_ID", { noun, id: dagId, meant: closest(dagId, seen), none: false });
}

const parse = ({ home, config, children }: ProcessContext, file: string): Promise<ParsedOnce> =>
  parseOnce({
    projectDir: home.project,
    dagsFolder: config.core.dagsFolder,
    cacheDir: home.path("cache", "parse"),
    childPath: children.parse,
    file,
    settings: {
      fileTimeoutMs: config.dagProcessor.fileTimeoutSeconds * 1_000,
      memoryLimitMb: config.dagProcessor.memoryLimitMb,
    },
  });

/** @throws CLI_USAGE for a file elsewhere: only what lies in the Dags folder is ever run. */
function fileIn(dagsDir: string, given: string): string {
  const way = relative(dagsDir, resolve(given));
  if (!way.startsWith("..") && !isAbsolute(way)) return way.split(sep).join("/");
  throw new AirloomError("CLI_USAGE", { reason: `${given} does not lie in the Dags folder (${dagsDir}).` });
}

interface Candidate {
  readonly file: string;
  /** Its text has the Dag's id in it. */
  readonly names: boolean;
}

function candidates(dagsDir: string, dagId: string): readonly Candidate[] {
  const isCode = (file: string): boolean =>
    /\.[cm]?[jt]sx?$/.test(file) && !/\.(d|test|spec)\.[cm]?[jt]sx?$/.test(file);
  return listFiles(dagsDir)
    .filter(isCode)
    .map((file) => ({ file, names: readFileSync(join(dagsDir, file), "utf8").includes(dagId) }))
    .sort((a, b) => Number(b.names) - Number(a.names));
}

function listFiles(dagsDir: string): readonly string[] {
  try {
    return readdirSync(dagsDir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.parentPath.includes("node_modules"))
      .map((entry) => relative(dagsDir, join(entry.parentPath, entry.name)).split(sep).join("/"))
      .sort();
  } catch {
    throw new AirloomError("CLI_USAGE", { reason: `The Dags folder ${dagsDir} does not exist.` });
  }
}
