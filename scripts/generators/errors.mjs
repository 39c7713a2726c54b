import { importSource } from "../import-source.mjs";

export const name = "reference of errors";

/** `docs/reference/errors.md` from the catalogue of the core: one row per code, with placeholders where data goes. */
export async function generate() {
  const { errors } = await importSource("packages/core/src/errors.ts");
  const rows = Object.entries(errors).map(([code, { status, message, hint }]) => {
    const data = placeholders();
    return `| \`${code}\` | ${status} | ${cell(message(data))} | ${cell(hint(data))} |`;
  });
  const text = [
    "# Errors",
    "",
    "<!-- Generated from packages/core/src/errors.ts by `npm run generate`. Do not edit. -->",
    "",
    "Every error that Airloom shows has a code. The code stays the same from version to version; the words may improve.",
    "The status is the one of an HTTP answer. Words in braces stand for data of the case at hand.",
    "",
    "| Code | Status | Message | What to do |",
    "|---|---|---|---|",
    ...rows,
    "",
  ].join("\n");
  return [{ path: "docs/reference/errors.md", text }];
}

/** Data in which every field is its own name in braces, at any depth. */
function placeholders(label = "") {
  const show = () => (label === "" ? "{data}" : `{${label}}`);
  return new Proxy(() => show(), {
    get(_target, key) {
      if (key === Symbol.toPrimitive || key === "toString" || key === "toJSON" || key === "valueOf" || key === "join")
        return show;
      if (key === Symbol.iterator) return () => [show()][Symbol.iterator]();
      return placeholders(String(key));
    },
  });
}

const cell = (text) => text.replaceAll("|", "\\|").replaceAll("\n", " ");
