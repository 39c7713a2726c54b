/**
 * `npm run bench -- NAME [ARG …]`: bundles bench/NAME.ts, or a package's own test/bench/NAME.ts, and runs it; the figures are one
 * JSON document on standard output.
 */
import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { runProgram } from "./run-program.mjs";
import { root } from "./source-tree.mjs";

const [name] = process.argv.slice(2);
const folders = ["bench", ...readdirSync(join(root, "packages")).map((dir) => `packages/${dir}/test/bench`)];
const known = folders
  .filter((folder) => existsSync(join(root, folder)))
  .flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((file) => file.endsWith(".ts"))
      .map((file) => join(folder, file)),
  );
const entry = known.find((file) => basename(file) === `${name}.ts`);

if (entry === undefined) {
  console.error(`usage: npm run bench -- NAME\nknown: ${known.map((file) => basename(file, ".ts")).join(", ")}`);
  process.exit(2);
}

process.argv.splice(2, 1);
await runProgram(entry);
