import { importSource } from "../import-source.mjs";

export const name = "reference of states";

/** `docs/reference/states.md` from the two tables of legal moves in the core. */
export async function generate() {
  const { dagRunMoves } = await importSource("packages/core/src/states/dag-run-state.ts");
  const { taskInstanceMoves } = await importSource("packages/core/src/states/task-instance-state.ts");
  const text = [
    "# States",
    "",
    "<!-- Generated from packages/core/src/states by `npm run generate`. Do not edit. -->",
    "",
    "Each table lists every legal move. A move that is not in it does not compile, and the database refuses it.",
    "",
    ...section("Task instance", taskInstanceMoves),
    ...section("Dag run", dagRunMoves),
  ].join("\n");
  return [{ path: "docs/reference/states.md", text }];
}

function section(title, moves) {
  const states = Object.entries(moves);
  return [
    `## ${title}`,
    "",
    "| From | To |",
    "|---|---|",
    ...states.map(([from, to]) => `| \`${from}\` | ${to.map((state) => `\`${state}\``).join(", ") || "–"} |`),
    "",
    "```mermaid",
    "stateDiagram-v2",
    ...states.flatMap(([from, to]) => to.map((state) => `  ${from} --> ${state}`)),
    "```",
    "",
  ];
}
