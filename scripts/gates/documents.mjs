import { existsSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { files, readText, root } from "../source-tree.mjs";

export const name = "paths in documents";

/** Every path in ARCHITECTURE.md exists, and so does every file of the repository that a document links to. */
export function run() {
  const problems = [];
  for (const document of files().filter((path) => path.endsWith(".md") && !path.includes("/fixtures/"))) {
    for (const path of [...linkedPaths(document), ...(document === "ARCHITECTURE.md" ? quotedPaths(document) : [])]) {
      if (!existsSync(join(root, path))) problems.push(`${document}: ${path} does not exist`);
    }
  }
  if (quotedPaths("ARCHITECTURE.md").length === 0) problems.push("ARCHITECTURE.md names no path at all");
  return { problems };
}

/** Text in backquotes that looks like a path: it has a slash or a known ending, and no space. */
function quotedPaths(document) {
  return [...readText(document).matchAll(/`([^`\s]+)`/g)]
    .map((match) => match[1])
    .filter(
      (text) =>
        /^[\w@.][\w@./-]*$/.test(text) &&
        (/^(packages|scripts|docs|examples|tests|bench|\.ci)\//.test(text) || /\.(mjs|json|md)$/.test(text)),
    );
}

/** Targets of links inside the repository, without their anchors. */
function linkedPaths(document) {
  const prose = readText(document).replaceAll(/```[\s\S]*?```/g, "");
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => match[1].replace(/#.*$/, ""))
    .filter((target) => target !== "" && !/^[a-z]+:/.test(target))
    .map((target) => normalize(join(dirname(document), target)));
}
