#!/usr/bin/env node
// The command is one bundled file; a clone builds it first (`npm run build`, or `npm start`, which does).
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const bundle = new URL("../dist/cli.mjs", import.meta.url);
if (existsSync(fileURLToPath(bundle))) await import(bundle.href);
else {
  console.error("airloom is not built yet. In a clone of the repository, run: npm run build");
  process.exitCode = 1;
}
