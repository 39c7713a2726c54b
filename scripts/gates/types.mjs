import { binScript, runNode } from "../run-command.mjs";

export const name = "types";

const programs = [
  // Everything that runs on Node.
  "tsconfig.json",
  // The core again without Node's types: a clock, a file or a process does not compile there.
  "packages/core/tsconfig.json",
  // The core's tests, which may use Node.
  "tsconfig.test.json",
];

/** One type-check per environment (docs/decisions/0001). */
export async function run() {
  const problems = [];
  for (const program of programs) {
    const { code, output } = await runNode([binScript("typescript", "tsc"), "--pretty", "false", "-p", program]);
    if (code !== 0) problems.push(`tsc -p ${program}:\n${output}`);
  }
  return { problems };
}
