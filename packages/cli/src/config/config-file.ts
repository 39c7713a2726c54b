import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { AirloomError } from "@airloom/core";
import type * as esbuild from "esbuild";
import type { Nested } from "./resolve-config.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** All that an author's configuration is told of the environment; options have their own way there (`AIRLOOM__*`). */
const passed = ["PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR", "NODE_ENV"];

const timeoutMs = 10_000;

/**
 * The default export of `airloom.config.ts` as plain data; null when there is no such file. It is the author's code, so it runs in
 * a process of its own, with a small environment, and only JSON comes back.
 * @throws CONFIG_FILE_INVALID with file, line and column where they are known.
 */
export function readConfigFile(file: string, environment: Environment): Nested | null {
  if (!existsSync(file)) return null;
  const answer = evaluate(file, bundled(file), environment);
  if ("thrown" in answer) throw invalid(placeOf(file, answer.thrown), firstLine(answer.thrown));
  if (!isNested(answer.value)) throw invalid(basename(file), "its default export is not an object of objects");
  return answer.value;
}

/** The file and what it imports, as one text with its source map. */
function bundled(file: string): string {
  // Loaded here and not at the top: most commands find no such file.
  const { buildSync } = createRequire(import.meta.url)("esbuild") as typeof esbuild;
  try {
    const result = buildSync({
      entryPoints: [file],
      absWorkingDir: dirname(file),
      bundle: true,
      platform: "node",
      format: "esm",
      target: "node20",
      sourcemap: "inline",
      write: false,
      logLevel: "silent",
      // A result without an output path has no folder for its map to be relative to.
      outfile: `${file}.mjs`,
    });
    return result.outputFiles[0]?.text ?? "";
  } catch (error) {
    const [first] = (error as Partial<esbuild.BuildFailure>).errors ?? [];
    if (!first) throw error;
    const at = first.location;
    throw invalid(at ? `${basename(at.file)}:${at.line}:${at.column + 1}` : basename(file), first.text);
  }
}

type Answer = { readonly value: unknown } | { readonly thrown: string };

/** Gets the bundle's URL; what the author prints goes to standard error; the answer comes by descriptor 3. */
const program = `
import { writeSync } from "node:fs";
const answer = (data) => writeSync(3, JSON.stringify(data));
try {
  const loaded = await import(process.argv[1]);
  answer({ value: JSON.parse(JSON.stringify(await loaded.default ?? null)) });
} catch (error) {
  answer({ thrown: String(error?.stack ?? error) });
}
process.exit(0);
`;

function evaluate(file: string, source: string, environment: Environment): Answer {
  const folder = mkdtempSync(join(tmpdir(), "airloom-config-"));
  try {
    // In a file of its own: Node applies no source map to a module that came as text.
    const bundle = join(folder, "config.mjs");
    writeFileSync(bundle, source, { mode: 0o600 });
    return runBundle(file, pathToFileURL(bundle).href, environment);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function runBundle(file: string, url: string, environment: Environment): Answer {
  const env = Object.fromEntries(passed.flatMap((name) => (name in environment ? [[name, environment[name]]] : [])));
  const child = spawnSync(process.execPath, ["--enable-source-maps", "--input-type=module", "--eval", program, url], {
    cwd: dirname(file),
    env,
    stdio: ["ignore", 2, 2, "pipe"],
    timeout: timeoutMs,
    killSignal: "SIGKILL",
    encoding: "utf8",
  });
  const text = child.output?.[3];
  if (text) return JSON.parse(text) as Answer;
  const late = (child.error as NodeJS.ErrnoException | undefined)?.code === "ETIMEDOUT";
  const reason = late ? `it took longer than ${timeoutMs / 1_000} s` : "its process ended before the file was read";
  throw invalid(basename(file), reason);
}

/** The innermost place of the author's file in a stack that source maps have been applied to. */
function placeOf(file: string, stack: string): string {
  const name = basename(file);
  const found = new RegExp(`${name.replaceAll(".", "\\.")}:(\\d+):(\\d+)`).exec(stack);
  return found ? `${name}:${found[1]}:${found[2]}` : name;
}

/** The error itself: stacks printed with source maps start with the source's lines. */
const firstLine = (stack: string): string =>
  (stack.split("\n").find((line) => /^\w*(?:Error|Exception)\b/.test(line)) ?? stack.split("\n")[0] ?? "").replace(
    /\.$/,
    "",
  );

const invalid = (where: string, reason: string): AirloomError =>
  new AirloomError("CONFIG_FILE_INVALID", { where, reason });

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isNested = (value: unknown): value is Nested => isObject(value) && Object.values(value).every(isObject);
