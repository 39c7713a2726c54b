import { importSource } from "../import-source.mjs";

export const name = "reference of options";

/** `docs/reference/config.md` from the one table of options. */
export async function generate() {
  const { options, environmentName } = await importSource("packages/cli/src/config/options.ts");
  const sections = Object.entries(options).flatMap(([section, keys]) => [
    `## ${section}`,
    "",
    "| Option | Environment | Default | |",
    "|---|---|---|---|",
    ...Object.entries(keys).map(
      ([key, option]) =>
        `| \`${key}\` | \`${environmentName(section, key)}\` | ${defaultText(option)} | ${cell(option.reason)} |`,
    ),
    "",
  ]);
  const text = [
    "# Options",
    "",
    "<!-- Generated from packages/cli/src/config/options.ts by `npm run generate`. Do not edit. -->",
    "",
    "A value comes from the first of: a flag of the command, the environment, `airloom.config.ts` in the project, the default.",
    "`airloom config list` shows each value with where it came from. A list is written with commas in the environment.",
    "",
    "```ts",
    "// airloom.config.ts: plain data by section. It runs in a process of its own, with a small environment.",
    'export default { core: { dagsFolder: "pipelines" }, workers: { slots: 8 } };',
    "```",
    "",
    ...sections,
  ].join("\n");
  return [{ path: "docs/reference/config.md", text }];
}

function defaultText({ default: value, secret }) {
  if (secret || value === "" || (Array.isArray(value) && value.length === 0)) return "–";
  return `\`${Array.isArray(value) ? value.join(",") : value}\``;
}

const cell = (text) => text.replaceAll("|", "\\|");
