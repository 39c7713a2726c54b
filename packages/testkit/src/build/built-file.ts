import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { root } from "./repository-root.ts";

const built = new Map<string, Promise<string>>();

interface Bundles {
  bundleOptions(root: string, name: string, outfile: string): Parameters<typeof build>[0];
}

/**
 * The bundle of a process kind, made from the sources as they are now: tests run what ships.
 * @example const child = await builtFile("task-child");
 */
export function builtFile(name: "cli" | "task-child" | "parse-child"): Promise<string> {
  const known = built.get(name);
  if (known) return known;
  const making = make(name);
  built.set(name, making);
  return making;
}

async function make(name: string): Promise<string> {
  const outdir = join(root, "node_modules/.cache/airloom-test", String(process.pid));
  mkdirSync(outdir, { recursive: true });
  const { bundleOptions } = (await import(pathToFileURL(join(root, "scripts/bundles.mjs")).href)) as Bundles;
  const outfile = join(outdir, `${name}.mjs`);
  await build(bundleOptions(root, name, outfile));
  return outfile;
}
