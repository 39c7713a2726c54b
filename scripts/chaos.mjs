/**
 * `npm run chaos -- --all | --row N… [--times 20] [--seed S] [--json FILE] [--resume FILE] [--list]`: the rows of the failure
 * catalogue on real processes, with a ledger outside of Airloom. Bundles tests/chaos/main.ts and runs it.
 */
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { banner, external } from "./bundles.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const outdir = join(root, "node_modules/.cache/airloom-chaos");
mkdirSync(outdir, { recursive: true });
const outfile = join(outdir, `main-${process.pid}.mjs`);
await build({
  absWorkingDir: root,
  entryPoints: [join(root, "tests/chaos/main.ts")],
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
