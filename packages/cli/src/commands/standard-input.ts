import { AirloomError } from "@airloom/core";

/** All of standard input, without the last line end. @throws CLI_USAGE at a terminal, where secrets would be echoed. */
export async function readStandardInput(what: string): Promise<string> {
  if (process.stdin.isTTY)
    throw new AirloomError("CLI_USAGE", { reason: `Pipe ${what} in: printf %s "$VALUE" | airloom …` });
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks)
    .toString("utf8")
    .replace(/\r?\n$/, "");
}
