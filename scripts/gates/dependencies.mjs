import { manifests, readText } from "../source-tree.mjs";

export const name = "reasons for dependencies";

const document = "docs/dependencies.md";

/** Every direct dependency has its line with a reason, and every line its dependency. */
export function run() {
  const reasons = new Map();
  const problems = [];
  for (const [, dependency, reason] of readText(document).matchAll(/^\| `([^`]+)` \|.*\| *([^|]*?) *\|$/gm)) {
    if (reasons.has(dependency)) problems.push(`${document}: ${dependency} is listed twice`);
    if (reason.length < 10) problems.push(`${document}: ${dependency} has no reason`);
    reasons.set(dependency, reason);
  }
  const direct = directDependencies();
  for (const dependency of direct) {
    if (!reasons.has(dependency)) problems.push(`${document}: ${dependency} is not listed; say why it is needed`);
  }
  for (const dependency of reasons.keys()) {
    if (!direct.has(dependency)) problems.push(`${document}: ${dependency} is listed, but no package.json asks for it`);
  }
  return { problems };
}

function directDependencies() {
  const all = manifests();
  const own = new Set(all.map(({ manifest }) => manifest.name));
  const kinds = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"];
  const names = all.flatMap(({ manifest }) => kinds.flatMap((kind) => Object.keys(manifest[kind] ?? {})));
  return new Set(names.filter((dependency) => !own.has(dependency)));
}
