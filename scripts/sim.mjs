/**
 * `npm run sim -- [--seeds N] [--from S] [--jobs 2] [--json FILE] [--until-failure] [--without crashes,dag-2]`: whole clusters on
 * virtual time, one for each seed, with everything going wrong that can. `--from S --trace` shows one seed step by step,
 * `--from S --shrink` looks for what a failing one can do without. docs/proof/simulator.md says what it proves.
 */
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { banner, external } from "./bundles.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const outdir = join(root, "node_modules/.cache/airloom-sim");
mkdirSync(outdir, { recursive: true });
const outfile = join(outdir, `main-${process.pid}.mjs`);
await build({
  absWorkingDir: root,
  entryPoints: [join(root, "packages/testkit/src/sim/main.ts")],
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
if (!process.argv.includes("--jobs")) process.argv.push("--jobs", "2");
// Jobs are forks of the bundle.
process.argv[1] = outfile;
process.setSourceMapsEnabled(true);
await import(pathToFileURL(outfile).href);
