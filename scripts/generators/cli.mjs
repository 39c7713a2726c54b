import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { bundleOptions } from "../bundles.mjs";
import { root } from "../source-tree.mjs";

export const name = "reference of the command line";

/** `docs/reference/cli.md` from the command tree itself: what `--help` says, on one page. */
export async function generate() {
  const program = await loadProgram();
  const groups = program.commands.map((command) => (command.commands.length > 0 ? group(command) : leaf(command, [])));
  const text = [
    "# Command line",
    "",
    "<!-- Generated from packages/cli/src/commands by `npm run generate`. Do not edit. -->",
    "",
    "Commands that print a result take `-o table|json|yaml|plain` (`--json` is short for `-o json`; `plain` is values between",
    "tabs, without a header). Commands that need the API use the server named by `--server` (log in by `AIRLOOM_TOKEN`, or by",
    "`AIRLOOM_USERNAME` and `AIRLOOM_PASSWORD`), else the one that runs in this home, else they bring the API along for as long",
    "as they run. Where a run is named, `latest` is the newest one.",
    "",
    "Exit codes: 0 done; 1 refused, failed, or not found; 2 wrong usage; 130 interrupted. Errors are on standard error: what is",
    "wrong, then what to do.",
    "",
    ...groups.flat(),
  ].join("\n");
  return [{ path: "docs/reference/cli.md", text }];
}

/** Bundled as the command is, so that what it loads late is not loaded here. */
async function loadProgram() {
  const folder = await mkdtemp(join(root, "node_modules/.airloom-generate-"));
  try {
    const outfile = join(folder, "program.mjs");
    const options = bundleOptions(root, "cli", outfile);
    await build({ ...options, entryPoints: [join(root, "packages/cli/src/program.ts")], sourcemap: false });
    const { createProgram } = await import(pathToFileURL(outfile).href);
    return createProgram({});
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const group = (command) => [
  `## ${command.name()}`,
  "",
  sentence(command.description()),
  "",
  ...command.commands.flatMap((child) => leaf(child, [command.name()])),
];

/** Options that every command has are told once, above. */
const everywhere = new Set(["--output", "--json", "--server"]);

function leaf(command, path) {
  const usage = ["airloom", ...path, command.name(), ...command.registeredArguments.map(argumentText)].join(" ");
  const isProcess = !command.options.some(({ long }) => long === "--json");
  const options = command.options.filter(({ long }) => isProcess || !everywhere.has(long));
  const given = command.registeredArguments.filter(({ description }) => description);
  const rows = [
    ...given.map((one) => `| \`${cell(argumentText(one))}\` | ${cell(one.description)} |`),
    ...options.map((one) => `| \`${cell(one.flags)}\` | ${cell(optionText(one))} |`),
  ];
  return [
    `${path.length === 0 ? "##" : "###"} ${[...path, command.name()].join(" ")}`,
    "",
    `\`${usage}\`: ${sentence(command.description())}`,
    "",
    ...(rows.length > 0 ? ["| | |", "|---|---|", ...rows, ""] : []),
  ];
}

function argumentText(argument) {
  const text = argument.variadic ? `${argument.name()}...` : argument.name();
  return argument.required ? `<${text}>` : `[${text}]`;
}

function optionText({ description, argChoices, defaultValue, mandatory }) {
  const more = [
    argChoices && `one of ${argChoices.join(", ")}`,
    defaultValue !== undefined && `default ${defaultValue}`,
    mandatory && "required",
  ].filter(Boolean);
  return more.length > 0 ? `${description} (${more.join("; ")})` : description;
}

const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`;
const cell = (text) => text.replaceAll("|", "\\|");
