import { binScript, runNode } from "../run-command.mjs";

export const name = "dead exports, files and dependencies";

/** knip over the workspace, configured by knip.json. */
export async function run() {
  const { code, output } = await runNode([binScript("knip"), "--no-progress", "--no-config-hints"]);
  return { problems: code === 0 ? [] : [output] };
}
