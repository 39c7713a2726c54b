import { binScript, runNode } from "../run-command.mjs";

export const name = "format and lint";

/** Biome over the whole tree. `npm run format` repairs what can be repaired. */
export async function run() {
  const args = [
    binScript("@biomejs/biome", "biome"),
    "check",
    "--error-on-warnings",
    "--max-diagnostics=40",
    "--colors=off",
    ".",
  ];
  const { code, output } = await runNode(args);
  return { problems: code === 0 ? [] : [output] };
}
