/**
 * `npm run bench -- NAME [ARG …]`: bundles bench/NAME.ts, or a package's own test/bench/NAME.ts, and runs it; the figures are one
 * JSON document on standard output.
 */
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { banner, external } from "./bundles.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [name, ...rest] = process.argv.slice(2);
const folders = ["bench", ...readdirSync(join(root, "packages")).map((dir) => `packages/${dir}/test/bench`)];
const known = folders
  .filter((folder) => existsSync(join(root, folder)))
  .flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((file) => file.endsWith(".ts"))
      .map((file) => join(root, folder, file)),
  );
const entry = known.find((file) => basename(file) === `${name}.ts`);

if (entry === undefined) {
  console.error(`usage: npm run bench -- NAME\nknown: ${known.map((file) => basename(file, ".ts")).join(", ")}`);
  process.exit(2);
}

const outdir = join(root, "node_modules/.cache/airloom-bench");
mkdirSync(outdir, { recursive: true });
const outfile = join(outdir, `${name}.mjs`);
await build({
  absWorkingDir: root,
  entryPoints: [entry],
  outfile,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  external: [...external, "vitest", "fast-check"],
  banner: { js: banner },
  logLevel: "error",
  sourcemap: "inline",
});
process.argv = [process.argv[0], entry, ...rest];
await import(pathToFileURL(outfile).href);
