import { codeFiles, isTest, manifests, readText } from "../source-tree.mjs";

export const name = "no duplicates";

/** So many equal lines of code in a row, in two places, are one thing written twice. */
const windowLines = 15;

export function run() {
  return { problems: [...copiedCode(), ...differingRanges()] };
}

/** The same block of code in two places. Imports, blank lines, comments and lone brackets do not count. */
function copiedCode() {
  const seen = new Map();
  const problems = [];
  for (const path of codeFiles().filter((file) => !isTest(file))) {
    const lines = meaningfulLines(readText(path));
    let reportedUntil = 0;
    for (let at = 0; at + windowLines <= lines.length; at += 1) {
      const block = lines.slice(at, at + windowLines);
      const key = block.map((line) => line.text).join("\n");
      const first = seen.get(key);
      if (first === undefined) {
        seen.set(key, `${path}:${block[0].number}`);
      } else if (at >= reportedUntil) {
        problems.push(`${path}:${block[0].number}: the same ${windowLines} lines as ${first}`);
        reportedUntil = at + windowLines;
      }
    }
  }
  return problems;
}

function meaningfulLines(text) {
  return text
    .split("\n")
    .map((line, index) => ({ text: line.trim(), number: index + 1 }))
    .filter(({ text: line }) => !/^(import\b|export \{|\/\/|\/?\*|[\])}(;,]*$)/.test(line));
}

/** One dependency, one range: two would install it twice, and `instanceof` across them is false. */
function differingRanges() {
  const ranges = new Map();
  for (const { dir, manifest } of manifests()) {
    for (const kind of ["dependencies", "devDependencies", "optionalDependencies"]) {
      for (const [dependency, range] of Object.entries(manifest[kind] ?? {})) {
        const users = ranges.get(dependency) ?? new Map();
        users.set(range, [...(users.get(range) ?? []), dir || "."]);
        ranges.set(dependency, users);
      }
    }
  }
  return [...ranges]
    .filter(([, users]) => users.size > 1)
    .map(([dependency, users]) => {
      const list = [...users].map(([range, dirs]) => `${range} (${dirs.join(", ")})`).join("; ");
      return `${dependency} is wanted in several ranges: ${list}`;
    });
}
