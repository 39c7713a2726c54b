import { codeFiles, isTest, readText } from "../source-tree.mjs";

export const name = "no suppressions";

const suppressions = [/\bbiome-ignore\b/, /@ts-ignore\b/, /@ts-nocheck\b/, /\beslint-disable\b/, /\bv8 ignore\b/];

/** A rule that does not fit is changed for all, with its reason, or obeyed. Tests may expect a type error: that is their proof. */
export function run() {
  const problems = [];
  for (const path of codeFiles().filter((file) => file !== "scripts/gates/suppressions.mjs")) {
    const patterns = isTest(path) ? suppressions : [...suppressions, /@ts-expect-error\b/];
    readText(path)
      .split("\n")
      .forEach((line, index) => {
        const hit = patterns.map((pattern) => pattern.exec(line)?.[0]).find((text) => text !== undefined);
        if (hit !== undefined) problems.push(`${path}:${index + 1}: "${hit}"`);
      });
  }
  return { problems };
}
