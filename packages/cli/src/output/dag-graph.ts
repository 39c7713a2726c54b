/** A task as a drawing needs it. */
export interface GraphTask {
  readonly id: string;
  readonly downstream: readonly string[];
  readonly triggerRule: string;
  readonly mapped: boolean;
  readonly operator: string;
  /** Of one run; null when none was asked for. */
  readonly state: string | null;
}

/**
 * The graph by levels: a task stands one level below its deepest upstream. The usual trigger rule is not repeated on each line.
 * @param paint Colours a state.
 */
export function graphText(tasks: readonly GraphTask[], paint: (text: string, state: string) => string): string {
  const upstream = upstreamOf(tasks);
  const levels = levelsOf(tasks, upstream);
  const names = new Map(tasks.map((task) => [task.id, task.mapped ? `${task.id}[]` : task.id]));
  const width = Math.max(0, ...[...names.values()].map((name) => name.length));
  const lines = levels.flatMap((level, depth) =>
    level.map((task, index) => {
      const number = index === 0 ? String(depth + 1).padStart(2) : "  ";
      const rule = task.triggerRule === "all_success" ? "" : ` (${task.triggerRule})`;
      const from = upstream.get(task.id) ?? [];
      const arrow = from.length > 0 ? ` ← ${from.map((id) => names.get(id) ?? id).join(", ")}` : "";
      const state = task.state === null ? "" : `  ${paint(task.state.padEnd(15), task.state)}`;
      return `${number}  ${(names.get(task.id) ?? task.id).padEnd(width)}${state}${rule}${arrow}`.trimEnd();
    }),
  );
  return `${lines.join("\n")}\n`;
}

/** For Markdown pages that draw Mermaid. */
export function graphMermaid(tasks: readonly GraphTask[]): string {
  const number = new Map(tasks.map((task, index) => [task.id, `t${index}`]));
  const nodes = tasks.map((task) => {
    const [open, close] = task.mapped ? ["[[", "]]"] : ["[", "]"];
    return `  ${number.get(task.id)}${open}"${label(task)}"${close}`;
  });
  const edges = tasks.flatMap((task) => task.downstream.map((id) => `  ${number.get(task.id)} --> ${number.get(id)}`));
  return `${["flowchart LR", ...nodes, ...edges].join("\n")}\n`;
}

/** For Graphviz. */
export function graphDot(dagId: string, tasks: readonly GraphTask[]): string {
  const nodes = tasks.map(
    (task) => `  ${quoted(task.id)} [label=${quoted(label(task))}${task.mapped ? " peripheries=2" : ""}];`,
  );
  const edges = tasks.flatMap((task) => task.downstream.map((id) => `  ${quoted(task.id)} -> ${quoted(id)};`));
  return `${[`digraph ${quoted(dagId)} {`, "  rankdir=LR; node [shape=box];", ...nodes, ...edges, "}"].join("\n")}\n`;
}

const label = ({ id, triggerRule }: GraphTask): string =>
  triggerRule === "all_success" ? id : `${id} (${triggerRule})`;

const quoted = (text: string): string => `"${text.replace(/["\\]/g, "\\$&")}"`;

function upstreamOf(tasks: readonly GraphTask[]): ReadonlyMap<string, readonly string[]> {
  const upstream = new Map<string, string[]>();
  for (const task of tasks)
    for (const id of task.downstream) upstream.set(id, [...(upstream.get(id) ?? []), task.id].sort());
  return upstream;
}

function levelsOf(
  tasks: readonly GraphTask[],
  upstream: ReadonlyMap<string, readonly string[]>,
): readonly (readonly GraphTask[])[] {
  const levels: GraphTask[][] = [];
  const placed = new Set<string>();
  let left = [...tasks].sort((a, b) => a.id.localeCompare(b.id));
  while (left.length > 0) {
    const ready = left.filter((task) => (upstream.get(task.id) ?? []).every((id) => placed.has(id)));
    // A stored Dag has no cycle; a half answer of a server might look like one, and must not hang the command.
    const level = ready.length > 0 ? ready : left;
    levels.push(level);
    for (const task of level) placed.add(task.id);
    left = left.filter((task) => !placed.has(task.id));
  }
  return levels;
}
