/** Builds what `airloom` runs from, into packages/airloom/dist. Whole in about a second, so there is no incremental mode. */
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { bundleOptions, bundles, failpointsAre } from "./bundles.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Builds every bundle whose entry exists; resolves to the files written. `failpoints`: for tests, never for a release. */
export async function buildAll(outdir = join(root, "packages/airloom/dist"), { failpoints = false } = {}) {
  rmSync(outdir, { recursive: true, force: true });
  mkdirSync(outdir, { recursive: true });
  const names = Object.keys(bundles).filter((name) => existsSync(join(root, bundles[name])));
  const define = failpointsAre(failpoints);
  await Promise.all(names.map((name) => build({ ...bundleOptions(root, name, join(outdir, `${name}.mjs`)), define })));
  return names.map((name) => join(outdir, `${name}.mjs`));
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const start = performance.now();
  try {
    const files = await buildAll(undefined, { failpoints: process.argv.includes("--failpoints") });
    console.log(`built ${files.length} bundles in ${Math.round(performance.now() - start)} ms`);
  } catch (error) {
    console.error(error.message ?? error);
    process.exitCode = 1;
  }
}
