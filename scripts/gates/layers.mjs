import { existsSync } from "node:fs";
import { join } from "node:path";
import { mayImport } from "../../layers.mjs";
import { binScript, runNode } from "../run-command.mjs";
import { codeFiles, isTest, manifests, readText, root } from "../source-tree.mjs";
import { syntaxNodes } from "../syntax-tree.mjs";

export const name = "layers, cycles, front doors, undeclared imports";

const folders = ["packages", "examples", "tests", "bench", "scripts"];

/** dependency-cruiser with the rules of `.dependency-cruiser.mjs`, and a check that it really saw every import. */
export async function run() {
  const here = folders.filter((folder) => existsSync(join(root, folder)));
  const args = [
    binScript("dependency-cruiser", "depcruise"),
    "--config",
    ".dependency-cruiser.mjs",
    "--output-type",
    "json",
    ...here,
  ];
  const { output } = await runNode(args);
  if (!output.startsWith("{")) return { problems: [output] };
  const cruised = JSON.parse(output);
  const problems = cruised.summary.violations.map(({ rule, from, to, cycle }) => {
    const path = cycle === undefined ? to : cycle.map((step) => step.name).join(" -> ");
    return `${rule.name}: ${from} -> ${path}`;
  });
  return {
    problems: [
      ...problems,
      ...packagesWithoutLayer(),
      ...unseen(cruised.modules),
      ...undeclaredPackages(cruised.modules),
    ],
  };
}

/** A package that the table of layers does not know would be free to import anything. */
function packagesWithoutLayer() {
  return manifests()
    .filter(({ dir }) => dir.startsWith("packages/") && mayImport[dir.slice("packages/".length)] === undefined)
    .map(({ dir }) => `${dir} is not in layers.mjs`);
}

/**
 * Without a parser that it likes, dependency-cruiser sees no file and reports success. So each import that the
 * source holds must be among those it saw; a type written as `import("x").T` is not, and belongs at the top of the file.
 */
function unseen(modules) {
  const seen = new Map(
    modules.map(({ source, dependencies }) => [source, new Set(dependencies.map(({ module }) => module))]),
  );
  const problems = [];
  for (const path of codeFiles().filter((file) => folders.some((folder) => file.startsWith(`${folder}/`)))) {
    const dependencies = seen.get(path);
    if (dependencies === undefined) {
      problems.push(`${path}: dependency-cruiser did not see this file`);
      continue;
    }
    for (const specifier of specifiers(readText(path))) {
      if (dependencies.has(specifier) || dependencies.has(specifier.replace(/^node:/, ""))) continue;
      problems.push(`${path}: dependency-cruiser did not see the import of "${specifier}"`);
    }
  }
  return problems;
}

function specifiers(source) {
  const found = new Set();
  for (const { node } of syntaxNodes(source)) {
    const target = importTarget(node);
    if (target?.type === "StringLiteral") found.add(target.value);
  }
  return found;
}

function importTarget(node) {
  switch (node.type) {
    case "ImportDeclaration":
    case "ExportNamedDeclaration":
    case "ExportAllDeclaration":
      return node.source;
    case "TsImportType":
      return node.argument;
    case "CallExpression":
      return node.callee.type === "Import" ? node.arguments[0]?.expression : undefined;
    default:
      return undefined;
  }
}

/** npm links every workspace package at the root, so an import works although no package.json asks for it. */
function undeclaredPackages(modules) {
  const all = manifests();
  const own = new Set(all.map(({ manifest }) => manifest.name));
  const problems = [];
  for (const { source, dependencies } of modules) {
    const home = all.findLast(({ dir }) => dir !== "" && source.startsWith(`${dir}/`));
    if (home === undefined || isTest(source)) continue;
    const declared = { [home.manifest.name]: "", ...home.manifest.dependencies, ...home.manifest.optionalDependencies };
    for (const { module } of dependencies) {
      const wanted = module.startsWith("@") ? module.split("/").slice(0, 2).join("/") : module.split("/")[0];
      if (own.has(wanted) && declared[wanted] === undefined)
        problems.push(`${source}: ${wanted} is not in ${home.dir}/package.json`);
    }
  }
  return problems;
}
