import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { binScript, runNode } from "../run-command.mjs";
import { readText, root } from "../source-tree.mjs";

export const name = "the README's TypeScript compiles";

/** Type-checks each block of TypeScript in README.md as a reader would: as a file of its own that imports `airloom`. */
export async function run() {
  const blocks = [...readText("README.md").matchAll(/^```ts\n([\s\S]*?)^```/gm)].map((match) => match[1]);
  if (blocks.length === 0) return { problems: ["README.md shows no TypeScript"] };
  // Inside the repository, so that `airloom` resolves; in `dist`, so that git and the other gates do not see it.
  const folder = join(root, "dist/readme");
  mkdirSync(folder, { recursive: true });
  try {
    blocks.forEach((block, index) => {
      writeFileSync(join(folder, `block-${index + 1}.ts`), block);
    });
    // TypeScript leaves `dist` out unless the files are named.
    const files = blocks.map((_, index) => `block-${index + 1}.ts`);
    const config = { extends: "../../tsconfig.json", files, include: [], exclude: [] };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    const { code, output } = await runNode([binScript("typescript", "tsc"), "--pretty", "false", "-p", folder]);
    return { problems: code === 0 ? [] : [output] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
