import { codeFiles, files } from "../source-tree.mjs";

export const name = "names of files";

const banned = ["util", "utils", "helper", "helpers", "common", "manager", "managers", "misc"];

/** A file is named for what it holds, in kebab-case; a name that says nothing collects everything. */
export function run() {
  const problems = [];
  for (const path of files()) {
    const words = path.toLowerCase().split(/[/.\-_]/);
    const word = banned.find((candidate) => words.includes(candidate));
    if (word !== undefined) problems.push(`${path}: "${word}" says nothing; name the one idea it holds`);
  }
  for (const path of codeFiles()) {
    const base = path.slice(path.lastIndexOf("/") + 1);
    if (!/^\.?[a-z0-9]+([-.][a-z0-9]+)*$/.test(base)) problems.push(`${path}: file names are kebab-case`);
  }
  return { problems };
}
