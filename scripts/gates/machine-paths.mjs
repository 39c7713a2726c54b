import { readFileSync } from "node:fs";
import { join } from "node:path";
import { files, root } from "../source-tree.mjs";

export const name = "no paths of one machine";

/** Folders that exist on the machine of whoever wrote the line, and nowhere else. */
const patterns = [/(?<![\w.~}])\/work\//, /\/Users\/[a-z]/i, /(?<![\w.~}])\/home\/(?!<|\$|user\b|airloom\b)[a-z]/];

export function run() {
  const problems = [];
  for (const path of files().filter(
    (file) => file !== "scripts/gates/machine-paths.mjs" && file !== "package-lock.json",
  )) {
    const bytes = readFileSync(join(root, path));
    if (bytes.includes(0)) continue;
    bytes
      .toString()
      .split("\n")
      .forEach((line, index) => {
        const hit = patterns.map((pattern) => pattern.exec(line)?.[0]).find((text) => text !== undefined);
        if (hit !== undefined) problems.push(`${path}:${index + 1}: ${hit}`);
      });
  }
  return { problems };
}
