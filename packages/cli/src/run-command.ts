import { AirloomError } from "@airloom/core";
import { CommanderError, InvalidArgumentError } from "commander";
import type { Environment } from "./context.ts";
import { armFailpoints } from "./failpoints/arm.ts";
import { createProgram } from "./program.ts";

/**
 * Runs one command to its end, and tells on standard error what went wrong.
 * @param args without the names of Node and of the script.
 * @returns the exit code: 1 refused or failed, 2 wrong usage; undefined when the command itself has set it, or 0.
 */
export async function runCommand(environment: Environment, args: readonly string[]): Promise<number | undefined> {
  try {
    if (globalThis.FAILPOINTS) armFailpoints(environment);
    await createProgram(environment).parseAsync(args, { from: "user" });
    return undefined;
  } catch (error) {
    // Commander tells what is wrong, but not of values that an action looks at itself (`dags pause --treat-dag-id-as-regex`).
    if (error instanceof InvalidArgumentError) process.stderr.write(`error: ${error.message}\n`);
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const known = error instanceof AirloomError ? error : faultOf(error);
    process.stderr.write(`error: ${known.message}\n`);
    if (known.hint) process.stderr.write(`       ${known.hint}\n`);
    if (known.code === "CLI_FAULT" && environment.AIRLOOM__LOGGING__LEVEL === "debug")
      process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    return known.code === "CLI_USAGE" ? 2 : 1;
  }
}

/** What nobody foresaw, in words: the system's refusal of a file or a socket, or a fault of ours. */
function faultOf(error: unknown): AirloomError {
  const message = error instanceof Error ? error.message : String(error);
  const { syscall, code } = error as Partial<NodeJS.ErrnoException>;
  if (typeof syscall === "string" && typeof code === "string")
    return new AirloomError("SYSTEM_REFUSED", { reason: message }, { cause: error });
  return new AirloomError("CLI_FAULT", { reason: message }, { cause: error });
}
