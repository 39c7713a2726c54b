import { mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import { build, type Plugin } from "esbuild";
import { root } from "./repository-root.ts";

const outdir = join(root, "node_modules/.cache/airloom-test", String(process.pid));

/** Packages of this workspace go into the bundle; all others are found where they are installed. */
const onlyOwnPackages: Plugin = {
  name: "only-own-packages",
  setup: ({ onResolve }) => {
    onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
      kind === "entry-point" || path.startsWith("@airloom/") ? null : { path, external: true },
    );
  },
};

/**
 * Makes a TypeScript program of a test runnable by `node`: for tests that need a process to kill.
 * @param source absolute path of the `.ts` file.
 * @returns path of the `.mjs` file.
 * @example spawn(process.execPath, [await builtProgram(join(import.meta.dirname, "counter.ts"))]);
 */
export async function builtProgram(source: string): Promise<string> {
  mkdirSync(outdir, { recursive: true });
  const outfile = join(outdir, basename(source).replace(/\.ts$/, ".mjs"));
  await build({
    entryPoints: [source],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    plugins: [onlyOwnPackages],
    logLevel: "error",
  });
  return outfile;
}
