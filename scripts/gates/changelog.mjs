import { manifests, readText } from "../source-tree.mjs";

export const name = "changelog";

/** CHANGELOG.md has something to say: entries under [Unreleased] or under the version that package.json names. */
export function run() {
  const text = readText("CHANGELOG.md");
  const { version } = manifests().find(({ dir }) => dir === "").manifest;
  const sections = text.split(/^## /m).slice(1);
  const current = sections.filter(
    (section) => section.startsWith("[Unreleased]") || section.startsWith(`[${version}]`),
  );
  if (current.length === 0)
    return { problems: [`CHANGELOG.md has neither an [Unreleased] section nor one for ${version}`] };
  const hasEntry = current.some((section) => /^- \S/m.test(section));
  return { problems: hasEntry ? [] : [`CHANGELOG.md: the section of ${version} or [Unreleased] has no entry`] };
}
