import { codeFiles, readText } from "../source-tree.mjs";

export const name = "sizes of files";

const warnAbove = 300;
const failAbove = 500;

/** Flat data may be long: it is read by searching, not from top to bottom. */
const flatData = [/\/migrations\//, /^packages\/core\/src\/errors\.ts$/];

/** Files that are too long today. This list may only shrink. */
const exceptions = [];

/** Counts lines of code, without blank ones and comments. The size of functions is a lint rule (biome.json). */
export function run() {
  const problems = [];
  const warnings = [];
  for (const path of codeFiles()) {
    if (flatData.some((pattern) => pattern.test(path))) continue;
    const lines = countCode(readText(path));
    if (lines > failAbove && !exceptions.includes(path)) {
      problems.push(`${path}: ${lines} lines of code, at most ${failAbove}: split it by what its parts are named for`);
    } else if (lines > warnAbove) {
      warnings.push(`${path}: ${lines} lines of code, above ${warnAbove}`);
    }
  }
  return { problems, warnings };
}

function countCode(text) {
  let inComment = false;
  let count = 0;
  for (const line of text.split("\n").map((raw) => raw.trim())) {
    if (inComment) {
      inComment = !line.includes("*/");
    } else if (line.startsWith("/*")) {
      inComment = !line.includes("*/");
    } else if (line !== "" && !line.startsWith("//")) {
      count += 1;
    }
  }
  return count;
}
