/**
 * `npm start`: builds if sources are newer than the build, starts the side services that the examples need, and runs
 * `airloom standalone` on the examples in this process. Ctrl-C stops all of it.
 */
import { spawn } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, "packages/airloom/dist");
const modified = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);

function newestIn(folder) {
  let newest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === "node_modules" || entry.name === "dist") continue;
    const path = join(folder, entry.name);
    newest = Math.max(newest, entry.isDirectory() ? newestIn(path) : modified(path));
  }
  return newest;
}

const builtAt = modified(join(dist, "cli.mjs"));
if (builtAt < Math.max(newestIn(join(root, "packages")), modified(join(root, "package-lock.json")))) {
  const { buildAll } = await import("./build.mjs");
  console.log("building …");
  await buildAll(dist);
}

process.chdir(root);
const home = process.env.AIRLOOM_HOME ?? join(root, ".airloom");

// A process of its own, so that training next door cannot make the endpoint slow; it ends when this one does, however this one ends.
const services = spawn(process.execPath, [join(root, "scripts/side-services.mjs"), home], {
  stdio: ["pipe", "inherit", "inherit"],
  detached: true,
});
services.unref();
services.stdin.unref?.();
process.once("exit", () => services.kill("SIGTERM"));

process.argv = [
  process.argv[0],
  join(root, "packages/airloom/bin/airloom.mjs"),
  "standalone",
  ...process.argv.slice(2),
];
await import(pathToFileURL(join(dist, "cli.mjs")).href);
