/** Whether a path relative to the Dags folder is left out. */
export type IgnoreRules = (path: string) => boolean;

/**
 * Reads a `.airloomignore`: one glob a line, `#` for comments. A pattern without a slash fits at any depth, one with a slash
 * from the Dags folder; `*` stays within a name, `**` does not; a folder that fits is left out whole.
 */
export function readIgnoreRules(text: string): IgnoreRules {
  const patterns = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map(toRegExp);
  return (path) => patterns.some((pattern) => pattern.test(path));
}

function toRegExp(glob: string): RegExp {
  const bare = glob.replace(/^\//, "").replace(/\/$/, "");
  const isAnchored = glob.replace(/\/$/, "").includes("/");
  const body = bare
    .split(/(\*\*\/|\*\*|\*|\?)/)
    .map((piece) => wild[piece] ?? piece.replace(/[.+^${}()|[\]\\]/g, "\\$&"))
    .join("");
  return new RegExp(`${isAnchored ? "^" : "(^|/)"}${body}(/|$)`);
}

const wild: Readonly<Record<string, string>> = { "**/": "(.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]" };
