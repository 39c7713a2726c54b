import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { banner, external } from "./bundles.mjs";
import { root } from "./source-tree.mjs";

/** Bundles a TypeScript program of the repository into `outfile`, which lies below node_modules: what stays outside of the bundle is found from there. */
export const bundleProgram = (entry, outfile, more = {}) =>
  build({
    absWorkingDir: root,
    entryPoints: [join(root, entry)],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    external: [...external, "vitest", "fast-check"],
    banner: { js: banner },
    logLevel: "error",
    ...more,
  });

/**
 * Bundles a TypeScript program of the repository and runs it in this process, with the arguments of this process. Node 20 cannot
 * strip types; the source map makes errors name the source.
 * @example await runProgram("tests/model/main.ts");
 */
export async function runProgram(entry) {
  const folder = join(root, "node_modules/.cache/airloom-programs");
  mkdirSync(folder, { recursive: true });
  const outfile = join(folder, `${entry.replaceAll("/", "-")}-${process.pid}.mjs`);
  await bundleProgram(entry, outfile, { sourcemap: "inline" });
  process.setSourceMapsEnabled(true);
  // A program that starts itself again finds itself here.
  process.argv[1] = outfile;
  try {
    await import(pathToFileURL(outfile).href);
  } finally {
    rmSync(outfile, { force: true });
  }
}
