/**
 * `npm run histories -- [--seed N] [--seconds N] [--connections N]`: many connections make the moves of runs on one PostgreSQL at
 * the same time, disturbed by delays and broken connections; what each was told and what the database recorded is then checked for
 * lost, doubled and illegal moves. Bundles tests/histories/main.ts and runs it.
 */
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { banner, external } from "./bundles.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const outdir = join(root, "node_modules/.cache/airloom-histories");
mkdirSync(outdir, { recursive: true });
const outfile = join(outdir, `main-${process.pid}.mjs`);
await build({
  absWorkingDir: root,
  entryPoints: [join(root, "tests/histories/main.ts")],
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
