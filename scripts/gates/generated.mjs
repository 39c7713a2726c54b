import { existsSync } from "node:fs";
import { join } from "node:path";
import { generateAll } from "../generate.mjs";
import { readText, root } from "../source-tree.mjs";

export const name = "generated files";

/** What the generators would write is what is committed. */
export async function run() {
  const problems = [];
  for (const { path, text } of await generateAll()) {
    if (!existsSync(join(root, path))) problems.push(`${path} is missing: run npm run generate`);
    else if (readText(path) !== text)
      problems.push(`${path} differs from what it is generated from: run npm run generate`);
  }
  return { problems };
}
