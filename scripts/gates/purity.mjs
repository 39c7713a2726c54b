import { readFileSync } from "node:fs";
import { join } from "node:path";
import { codeFiles, isTest, root } from "../source-tree.mjs";
import { syntaxNodes } from "../syntax-tree.mjs";

export const name = "purity of core";

const bannedMembers = new Set([
  "Date.now",
  "Math.random",
  "Temporal.Now",
  "performance.now",
  "crypto.randomUUID",
  "crypto.getRandomValues",
]);
const bannedNames = new Set([
  "process",
  "console",
  "globalThis",
  "setTimeout",
  "setInterval",
  "queueMicrotask",
  "fetch",
]);
/** croner reads the clock when it is not told from where to look. */
const needsArgument = new Set(["nextRun", "nextRuns", "previousRun", "previousRuns", "msToNext"]);

/** The core decides from what it is given: time comes in as `now`, chance as a seed, and nothing goes out but the result. */
export function run() {
  const problems = [];
  for (const path of codeFiles().filter((file) => file.startsWith("packages/core/src/") && !isTest(file))) {
    const source = readFileSync(join(root, path));
    for (const { node, parent, start } of syntaxNodes(source.toString())) {
      const what = impurity(node, parent);
      if (what === undefined) continue;
      const line = source.subarray(0, start).toString().split("\n").length;
      problems.push(`${path}:${line}: ${what} is not pure; take it as an argument`);
    }
  }
  return { problems };
}

function impurity(node, parent) {
  if (node.type === "MemberExpression" && node.object.type === "Identifier") {
    const member = `${node.object.value}.${node.property.value}`;
    if (bannedMembers.has(member)) return member;
  }
  if (node.type === "NewExpression" && node.callee.value === "Date" && (node.arguments ?? []).length === 0)
    return "new Date()";
  if (node.type === "CallExpression") {
    if (node.callee.value === "Date") return "Date()";
    if (needsArgument.has(node.callee.property?.value) && node.arguments.length === 0)
      return `${node.callee.property.value}() without a time`;
  }
  const isMemberName = parent?.type === "MemberExpression" && parent.property === node;
  const isKey = parent !== null && "key" in parent && parent.key === node;
  if (node.type === "Identifier" && bannedNames.has(node.value) && !isMemberName && !isKey && isValueUse(parent))
    return node.value;
  return undefined;
}

/** Types, parameters and properties may bear these names: only a use of the global one counts. */
function isValueUse(parent) {
  return ["MemberExpression", "CallExpression", "NewExpression", "AssignmentExpression", "VariableDeclarator"].includes(
    parent?.type,
  );
}
