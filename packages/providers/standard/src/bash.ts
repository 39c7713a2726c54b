import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { context, type OperatorOptions, operator, type Ref, skip } from "@airloom/sdk";
import { processEnvironment } from "./process-environment.ts";
import { ProcessError } from "./process-failure.ts";
import { runProcess } from "./run-process.ts";
import { inWorkFolder } from "./work-folder.ts";

/** Parameters of `bash`. */
export interface BashFields {
  readonly command: string;
  /** Added to the environment. The way to pass values: unlike text put into the command, they cannot become code. */
  readonly env?: Readonly<Record<string, unknown>>;
  /** Default: a fresh folder that is removed afterwards. */
  readonly cwd?: string;
  /** Exit code that means skipped. Default 99. */
  readonly skipExitCode?: number;
  /** Seconds from SIGTERM to SIGKILL when the task is stopped. Default 5. */
  readonly graceSeconds?: number;
}

/** Linux takes 128 KiB per argument; longer commands go through a file. */
const longestArgument = 100_000;

/**
 * Runs a bash command. Its output is the task's log, line by line as it comes; its last line is the task's value, as in Airflow.
 * Exit code 99 skips, any other but 0 fails. Whatever the command started ends with it.
 * @example bash("report", { command: 'wc -l < "$FILE"', env: { FILE: path } })
 */
export const bash: (id: string, options: OperatorOptions<BashFields>) => Ref<string> = operator("bash", runBash);

async function runBash(fields: BashFields): Promise<string> {
  const current = context();
  return inWorkFolder(async (folder) => {
    const end = await runProcess({
      command: "bash",
      args: await commandArgs(fields.command, folder),
      cwd: fields.cwd ?? folder,
      env: processEnvironment(current, fields.env),
      signal: current.signal,
      graceMs: (fields.graceSeconds ?? 5) * 1_000,
      onLine: current.log.output,
    });
    const skipCode = fields.skipExitCode ?? 99;
    if (end.exitCode === skipCode) skip(`bash ended with exit code ${skipCode}`);
    if (end.exitCode !== 0) throw new ProcessError("bash", end);
    return end.lastLine.stdout;
  });
}

async function commandArgs(command: string, folder: string): Promise<readonly string[]> {
  if (Buffer.byteLength(command) <= longestArgument) return ["-c", command];
  const file = join(folder, "command.sh");
  await writeFile(file, command);
  return [file];
}
