import { existsSync, readFileSync } from "node:fs";
import { Visitor } from "@swc/core/Visitor.js";
import { mayImport } from "./layers.mjs";

/** Rules for dependency-cruiser, made from the table of layers: one rule per package says what it may reach. */

const folder = (name) => `packages/${name}`;
const escaped = (path) => path.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
const testFiles = "\\.test(-d)?\\.tsx?$|/tests?/|^tests/|^bench/";

/** The files that a package's `exports` names: the only ones that others may import. */
function frontDoors(name) {
  const manifest = `${folder(name)}/package.json`;
  if (!existsSync(manifest)) return [];
  const { exports = {} } = JSON.parse(readFileSync(manifest, "utf8"));
  return Object.values(exports).map((target) => `${folder(name)}/${target.replace(/^\.\//, "")}`);
}

const packages = Object.keys(mayImport);

const layers = packages.map((name) => ({
  name: `layer-${name.replaceAll("/", "-")}`,
  comment: `${name} may import ${mayImport[name].join(", ") || "no other package"} (layers.mjs)`,
  severity: "error",
  from: { path: `^${folder(name)}/`, pathNot: testFiles },
  to: {
    path: "^packages/",
    pathNot: [name, ...mayImport[name]].map((allowed) => `^${folder(allowed)}/`),
  },
}));

const deepImports = packages.map((name) => ({
  name: `front-door-${name.replaceAll("/", "-")}`,
  comment: "other packages import a package by its name, never by a path into it",
  severity: "error",
  from: { pathNot: `^${folder(name)}/` },
  to: { path: `^${folder(name)}/`, pathNot: frontDoors(name).map((path) => `^${escaped(path)}$`) },
}));

// swc parses `using` and `await using`, but the visitor that dependency-cruiser extends refuses them and the whole run with them.
const { visitStatement } = Visitor.prototype;
Visitor.prototype.visitStatement = function (statement) {
  if (statement.type !== "UsingDeclaration") return visitStatement.call(this, statement);
  return { ...statement, decls: this.visitVariableDeclarators(statement.decls) };
};

export default {
  forbidden: [
    ...layers,
    ...deepImports,
    {
      name: "no-cycle",
      comment: "a cycle has no first file to read",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "no-unresolved",
      comment: "the import leads nowhere",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: "core-knows-no-machine",
      comment: "the core has no files, no processes, no network: not even a type of them",
      severity: "error",
      from: { path: "^packages/core/", pathNot: testFiles },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "no-undeclared",
      comment: "code that ships declares what it imports in the dependencies of its own package.json",
      severity: "error",
      from: { path: "^(packages|examples)/", pathNot: `${testFiles}|^packages/testkit/` },
      // Declared by the package as well as by the root (as a development tool), it has both types.
      to: { dependencyTypes: ["npm-no-pkg", "npm-unknown", "npm-dev"], dependencyTypesNot: ["npm"] },
    },
    {
      name: "no-undeclared-in-tests",
      comment: "tests and scripts may also import what the root's package.json declares",
      severity: "error",
      from: {},
      to: { dependencyTypes: ["npm-no-pkg", "npm-unknown"] },
    },
    {
      name: "testkit-in-tests-only",
      comment: "testkit serves tests alone",
      severity: "error",
      from: { pathNot: `${testFiles}|^packages/testkit/` },
      to: { path: "^packages/testkit/" },
    },
    {
      name: "examples-import-airloom-only",
      comment: "an example shows what a user can write",
      severity: "error",
      from: { path: "^examples/" },
      to: { path: "^packages/", pathNot: "^packages/airloom/" },
    },
    {
      name: "test-files-stay-out",
      comment: "code that ships does not import tests",
      severity: "error",
      from: { pathNot: `${testFiles}|^packages/testkit/` },
      to: { path: testFiles },
    },
  ],
  options: {
    // TypeScript 7 has no compiler API for dependency-cruiser: without swc it would see no TypeScript file at all.
    parser: "swc",
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^(packages|examples|tests|bench|scripts)/.*\\b(dist|fixtures)/" },
    // Root and package together: a root devDependency counts as npm-dev, which code that ships may not import.
    combinedDependencies: true,
    moduleSystems: ["es6", "cjs"],
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "require"],
      extensions: [".ts", ".tsx", ".mts", ".mjs", ".js", ".cjs", ".json", ".node"],
    },
  },
};
