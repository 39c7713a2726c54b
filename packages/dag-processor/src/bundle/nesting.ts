/** Levels of brackets code may have: far more than anyone writes, and far fewer than the bundler and Node survive. */
export const maxNesting = 2_000;

const opening = /[([{]/;

/**
 * Where code is nested too deeply to be read: the offset of the bracket that is one too many; null when none is. Strings, templates and
 * comments do not count.
 * @example tooDeepAt("[".repeat(5_000)) // 2000
 */
export function tooDeepAt(code: string): number | null {
  return mayBeDeep(code) ? walk(code) : null;
}

/** Brackets in strings count here: enough to leave out nearly every file. */
function mayBeDeep(code: string): boolean {
  let depth = 0;
  for (let at = 0; at < code.length; at += 1) {
    const sign = code.charCodeAt(at);
    if (sign === 40 || sign === 91 || sign === 123) depth += 1;
    else if ((sign === 41 || sign === 93 || sign === 125) && depth > 0) depth -= 1;
    if (depth > maxNesting) return true;
  }
  return false;
}

/** What holds no code: a comment, or a string. A template ends where code begins in it. */
const skipped = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`|[()[\]{}]/g;

function walk(code: string): number | null {
  const open: string[] = [];
  skipped.lastIndex = 0;
  for (let found = skipped.exec(code); found; found = skipped.exec(code)) {
    const [text] = found;
    if (text === "`" || (text === "}" && open.at(-1) === "${")) {
      if (text === "}") open.pop();
      if (endTemplate(code)) open.push("${");
    } else if (opening.test(text) && text.length === 1) open.push(text);
    else if (text.length === 1) open.pop();
    if (open.length > maxNesting) return found.index;
  }
  return null;
}

/** Moves on to the end of a template. @returns whether it is interrupted by code. */
function endTemplate(code: string): boolean {
  for (let at = skipped.lastIndex; at < code.length; at += 1) {
    const sign = code[at];
    if (sign === "\\") at += 1;
    else if (sign === "`" || (sign === "$" && code[at + 1] === "{")) {
      skipped.lastIndex = at + (sign === "`" ? 1 : 2);
      return sign === "$";
    }
  }
  skipped.lastIndex = code.length;
  return false;
}
