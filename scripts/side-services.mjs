/**
 * Runs the side services of the examples (`examples/<name>/services.ts`) until standard input closes: whoever started this is
 * gone then. A service that does not start is tried again; the others go on.
 */
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const home = process.argv[2] ?? join(root, ".airloom");
const running = [];
let stopping = false;

async function stop() {
  if (stopping) return;
  stopping = true;
  await Promise.allSettled(running.map((service) => service.stop()));
  process.exit(0);
}

process.stdin.resume();
process.stdin.once("end", stop);
process.stdin.once("error", stop);
process.once("SIGTERM", stop);
process.on("SIGINT", () => {});

/** esbuild leaves packages where they are: some are native. */
async function load(name) {
  const outdir = join(root, "examples", name, "node_modules/.cache/airloom");
  mkdirSync(outdir, { recursive: true });
  const outfile = join(outdir, "services.mjs");
  const entry = join(root, "examples", name, "services.ts");
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    packages: "external",
    logLevel: "error",
  });
  return (await import(pathToFileURL(outfile).href)).services;
}

async function keep(service, wait = 500) {
  while (!stopping) {
    try {
      running.push(await service.start({ home, log: (line) => console.log(`[${service.name}] ${line}`) }));
      return;
    } catch (error) {
      console.error(`[${service.name}] did not start: ${error.message}; again in ${wait / 1000} s`);
      await new Promise((resolve) => setTimeout(resolve, wait));
      wait = Math.min(wait * 2, 10_000);
    }
  }
}

for (const name of readdirSync(join(root, "examples"))) {
  if (!existsSync(join(root, "examples", name, "services.ts"))) continue;
  try {
    for (const service of await load(name)) await keep(service);
  } catch (error) {
    console.error(`[${name}] its side services cannot be loaded: ${error.message}`);
  }
}
