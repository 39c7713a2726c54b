/**
 * `npm run failpoints -- [--point P]… [--action A]… [--times N] [--seed S] [--json FILE]`: makes processes of a running Airloom crash,
 * fail, wait and lose replies at every failpoint there is, and checks that nothing is lost, doubled or stuck.
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { banner, external } from "./bundles.mjs";
import { root } from "./source-tree.mjs";

// Below node_modules, so that what stays outside of the bundle is found from there.
const outfile = join(root, `node_modules/.cache/airloom-failpoints/main-${process.pid}.mjs`);
const entryPoints = [join(root, "tests/failpoints/main.ts")];
const environment = { platform: "node", format: "esm", target: "node20", banner: { js: banner } };
await build({
  ...environment,
  entryPoints,
  outfile,
  bundle: true,
  sourcemap: "inline",
  logLevel: "error",
  external: [...external, "vitest", "fast-check"],
});
await import(pathToFileURL(outfile).href);
