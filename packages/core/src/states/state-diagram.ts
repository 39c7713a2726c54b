import { dagRunMoves } from "./dag-run-state.ts";
import { taskInstanceMoves } from "./task-instance-state.ts";

/**
 * A table of legal moves as Mermaid text, for the docs. States that nothing can be the first are not marked: the first of
 * the table is where everything begins.
 * @example stateDiagram(dagRunMoves) // "stateDiagram-v2\n  [*] --> queued\n  queued --> running\n …"
 */
export function stateDiagram(moves: Readonly<Record<string, readonly string[]>>): string {
  const [first = ""] = Object.keys(moves);
  const arrows = Object.entries(moves).flatMap(([from, targets]) => targets.map((to) => `  ${from} --> ${to}`));
  return ["stateDiagram-v2", `  [*] --> ${first}`, ...arrows, ""].join("\n");
}

export const taskInstanceDiagram = (): string => stateDiagram(taskInstanceMoves);
export const dagRunDiagram = (): string => stateDiagram(dagRunMoves);
