import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { binScript, runNode } from "../run-command.mjs";
import { files, readText, root } from "../source-tree.mjs";

export const name = "the TypeScript in documents compiles";

/** Documents for users, whose code is copied. */
const isChecked = (path) => /^(README\.md|docs\/[^/]+\.md|examples\/[^/]+\/README\.md)$/.test(path);

/** What a short block may use without saying so: all that a Dag file can import. */
const imports = `
import { AirloomError, branch, chain, context, continuous, cron, type Dag, dag, empty, every, fail, group, label, once, operator, type Ref, shortCircuit, skip, type Task, task } from "airloom";
import { bash, python, sql } from "airloom/operators";
import { z } from "zod";
`;

/** The blocks of a document that are TypeScript, with the line each starts at. */
function blocksOf(path) {
  const text = readText(path);
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map((match) => ({
    place: `${path}:${text.slice(0, match.index).split("\n").length}`,
    code: /^import /m.test(match[1]) ? match[1] : `${match[1]}${imports}`,
  }));
}

/** Type-checks each block as a reader would: as a file of its own that imports `airloom`. */
export async function run() {
  const blocks = files().filter(isChecked).flatMap(blocksOf);
  if (!blocks.some(({ place }) => place.startsWith("README.md")))
    return { problems: ["README.md shows no TypeScript"] };
  // Inside the repository, so that `airloom` resolves; in `dist`, so that git and the other gates do not see it.
  const folder = join(root, "dist/readme");
  mkdirSync(folder, { recursive: true });
  try {
    const names = blocks.map(({ code }, index) => {
      writeFileSync(join(folder, `block-${index + 1}.ts`), code);
      return `block-${index + 1}.ts`;
    });
    // TypeScript leaves `dist` out unless the files are named. What a block defines need not be used in it.
    const compilerOptions = { noUnusedLocals: false, noUnusedParameters: false };
    const config = { extends: "../../tsconfig.json", compilerOptions, files: names, include: [], exclude: [] };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    const { code, output } = await runNode([binScript("typescript", "tsc"), "--pretty", "false", "-p", folder]);
    const told = output.replaceAll(
      /(?:dist\/readme\/)?block-(\d+)\.ts/g,
      (_, index) => `block at ${blocks[index - 1]?.place}`,
    );
    return { problems: code === 0 ? [] : [told] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
