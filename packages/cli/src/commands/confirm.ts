import { createInterface } from "node:readline/promises";
import { AirloomError } from "@airloom/core";

/**
 * Asks before something is lost or done again. `yes` answers beforehand; a program that did not say so is refused.
 * @throws CLI_USAGE when nobody can be asked.
 */
export async function confirmed(question: string, yes: boolean | undefined): Promise<boolean> {
  if (yes) return true;
  if (!process.stdin.isTTY)
    throw new AirloomError("CLI_USAGE", { reason: `${question} Nobody can be asked here: add --yes.` });
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}
