/**
 * `npm run hostile -- [--files|--tasks] [--only NAME] [--json FILE]`: Dag files and tasks that harm whoever runs them, through the
 * real dag-processor and the real worker, between good neighbours. Bundles tests/hostile/main.ts and runs it.
 */
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { banner, external } from "./bundles.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const outdir = join(root, "node_modules/.cache/airloom-hostile");
mkdirSync(outdir, { recursive: true });
const outfile = join(outdir, `main-${process.pid}.mjs`);
await build({
  absWorkingDir: root,
  entryPoints: [join(root, "tests/hostile/main.ts")],
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
