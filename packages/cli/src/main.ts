import { AirloomError } from "@airloom/core";
import { CommanderError } from "commander";
import { armFailpoints } from "./failpoints/arm.ts";
import { createProgram } from "./program.ts";

/** Exit codes: 0 done, 1 refused or failed, 2 wrong usage. */
async function main(): Promise<void> {
  try {
    if (globalThis.FAILPOINTS) armFailpoints(process.env);
    await createProgram(process.env).parseAsync(process.argv);
  } catch (error) {
    process.exitCode = exitCodeOf(error);
  }
}

/** Commander has told what was wrong by then; our own errors have not been. */
function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (!(error instanceof AirloomError)) throw error;
  process.stderr.write(`error: ${error.message}\n`);
  if (error.hint) process.stderr.write(`       ${error.hint}\n`);
  return error.code === "CLI_USAGE" ? 2 : 1;
}

// A reader that closes early (`airloom dags list | head`) is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

await main();
