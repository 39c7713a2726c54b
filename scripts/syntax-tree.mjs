import { parseSync } from "@swc/core";

/**
 * Every node of a TypeScript source with its parent and the byte at which it starts, outermost first.
 * TypeScript 7 has no compiler API in JavaScript; swc is here anyway, for dependency-cruiser.
 */
export function syntaxNodes(source) {
  // swc counts bytes through all texts it ever parsed; the semicolon in front tells where this one begins.
  const program = parseSync(`;${source.replace(/^#!/, "//")}`, {
    syntax: "typescript",
    target: "es2022",
    decorators: false,
  });
  const nodes = [];
  collect(program.body, null, (node, parent) => {
    nodes.push({ node, parent, start: (node.span?.start ?? program.span.start + 1) - program.span.start - 1 });
  });
  return nodes;
}

function collect(value, parent, visit) {
  if (Array.isArray(value)) {
    for (const item of value) collect(item, parent, visit);
    return;
  }
  if (value === null || typeof value !== "object") return;
  const isNode = typeof value.type === "string";
  if (isNode) visit(value, parent);
  for (const child of Object.values(value)) collect(child, isNode ? value : parent, visit);
}
