/**
 * `npm run fuzz -- http|raw|cli|dags [--seed S] [--requests N | --seconds N] [--json FILE]`: sends a running Airloom what it was
 * never meant to get. Bundles tests/fuzz/main.ts and runs it; exit code 0 when nothing was found.
 */
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { banner, external } from "./bundles.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const outdir = join(root, "node_modules/.cache/airloom-fuzz");
mkdirSync(outdir, { recursive: true });
const outfile = join(outdir, `main-${process.pid}.mjs`);
await build({
  absWorkingDir: root,
  entryPoints: [join(root, "tests/fuzz/main.ts")],
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
await import(pathToFileURL(outfile).href);
