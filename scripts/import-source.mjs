import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { root } from "./source-tree.mjs";

/**
 * Imports a TypeScript source of the repository from a script: Node 20 cannot strip types, so it is bundled first.
 * @example const { errors } = await importSource("packages/core/src/errors.ts");
 */
export async function importSource(path) {
  const folder = await mkdtemp(join(tmpdir(), "airloom-import-"));
  try {
    const outfile = join(folder, "bundle.mjs");
    const options = {
      bundle: true,
      format: "esm",
      platform: "node",
      target: "node20",
      logLevel: "silent",
      write: false,
    };
    const { outputFiles } = await build({ ...options, entryPoints: [join(root, path)], outfile });
    await writeFile(outfile, outputFiles[0].text);
    return await import(pathToFileURL(outfile).href);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
