import type { ArgSpec, TaskSpec } from "@airloom/core";
import type { TaskInstanceRow, XComRow } from "@airloom/store";
import type { RunAt } from "./load-run-view.ts";
import { paramAt } from "./run-params.ts";

/** What an attempt gets of an upstream task: see `InputValue` of the execution contract, whose shape this is. */
export type Input =
  | { readonly kind: "value"; readonly bytes: Uint8Array }
  | { readonly kind: "list"; readonly items: readonly (Uint8Array | null)[] }
  | { readonly kind: "element"; readonly bytes: Uint8Array }
  | { readonly kind: "ref"; readonly ref: string }
  | { readonly kind: "none" };

export interface Inputs {
  readonly inputs: Readonly<Record<string, Input>>;
  /** For a mapped instance: which element of each argument's list, in order. */
  readonly elementIndexes: readonly number[];
}

const key = "return_value";

/** Tasks whose values the arguments name, each once. */
function sourcesOf(args: readonly ArgSpec[]): readonly string[] {
  const found = new Set<string>();
  const visit = (arg: ArgSpec): void => {
    if (arg.kind === "xcom") found.add(arg.task);
    else if (arg.kind === "array") arg.items.forEach(visit);
    else if (arg.kind === "object") Object.values(arg.entries).forEach(visit);
  };
  args.forEach(visit);
  return [...found];
}

/** Variables that the arguments name. */
export function variablesOf(args: readonly ArgSpec[]): readonly string[] {
  const visit = (arg: ArgSpec): string[] => {
    if (arg.kind === "variable") return [arg.key];
    if (arg.kind === "array") return arg.items.flatMap(visit);
    return arg.kind === "object" ? Object.values(arg.entries).flatMap(visit) : [];
  };
  return [...new Set(args.flatMap(visit))];
}

/** Loads the values that one run's instances read; those larger than `inlineBytes` in all become references. Infinity = none does. */
export async function loadInputs(
  { tx, run, graph }: RunAt,
  instances: readonly TaskInstanceRow[],
  inlineBytes: number,
): Promise<ReadonlyMap<string, Inputs>> {
  const tasks = instances.flatMap((instance) => graph.tasks.get(instance.taskId) ?? []);
  const sources = [...new Set(tasks.flatMap((task) => sourcesOf(task.args)))];
  const [xcoms, counts] =
    sources.length === 0
      ? [[], []]
      : await Promise.all([
          tx.listXComs(run.id, { taskIds: sources, key, maxBytes: inlineBytes }),
          mappedCounts({ tx, run, graph }, sources),
        ]);
  const bySource = new Map(sources.map((source) => [source, xcoms.filter((xcom) => xcom.taskId === source)]));
  const facts: SourceFacts = { tx, run, graph, bySource, counts: new Map(counts), inlineBytes };
  const loaded = instances.map(async (instance) => {
    const task = graph.tasks.get(instance.taskId);
    return [instance.id, task ? await inputsOf(facts, task, instance) : { inputs: {}, elementIndexes: [] }] as const;
  });
  return new Map(await Promise.all(loaded));
}

interface SourceFacts extends RunAt {
  readonly bySource: ReadonlyMap<string, readonly XComRow[]>;
  /** Instances of mapped sources: an instance without a value still has its place in the list. */
  readonly counts: ReadonlyMap<string, number>;
  readonly inlineBytes: number;
}

async function mappedCounts({ tx, run, graph }: RunAt, sources: readonly string[]): Promise<[string, number][]> {
  const mapped = sources.filter((source) => graph.tasks.get(source)?.mapped);
  if (mapped.length === 0) return [];
  const rows = await tx.listTaskInstances({ runKey: run.id, taskIds: mapped });
  return mapped.map((source) => [
    source,
    rows.filter((row) => row.taskId === source && row.state !== "removed").length,
  ]);
}

async function inputsOf(facts: SourceFacts, task: TaskSpec, instance: TaskInstanceRow): Promise<Inputs> {
  const elementIndexes = task.mapped && instance.mapIndex >= 0 ? positions(facts, task, instance.mapIndex) : [];
  const inputs: Record<string, Input> = {};
  for (const source of sourcesOf(task.args)) {
    const argument = task.mapped ? task.args.findIndex((arg) => arg.kind === "xcom" && arg.task === source) : -1;
    const index = elementIndexes[argument];
    inputs[source] = index === undefined ? await wholeInput(facts, source) : await elementInput(facts, source, index);
  }
  return { inputs, elementIndexes };
}

/** Which element of each list the `mapIndex`th instance reads: the cross product, the first list slowest (as Airflow). */
function positions(facts: SourceFacts, task: TaskSpec, mapIndex: number): number[] {
  const lengths = task.args.map((arg) => listLength(facts, arg));
  const found: number[] = [];
  let rest = mapIndex;
  for (const length of lengths.toReversed()) {
    found.unshift(length > 0 ? rest % length : 0);
    rest = length > 0 ? Math.floor(rest / length) : 0;
  }
  return found;
}

function listLength({ run, graph, bySource, counts }: SourceFacts, arg: ArgSpec): number {
  if (arg.kind === "xcom") return counts.get(arg.task) ?? bySource.get(arg.task)?.[0]?.length ?? 0;
  if (arg.kind === "array") return arg.items.length;
  const value = arg.kind === "value" ? arg.value : arg.kind === "param" ? paramAt(run, graph, arg.path) : null;
  return Array.isArray(value) ? value.length : 0;
}

async function wholeInput(facts: SourceFacts, source: string): Promise<Input> {
  const rows = facts.bySource.get(source) ?? [];
  const spec = facts.graph.tasks.get(source);
  if (spec?.mapped) return mappedInput(facts, source, rows);
  const row = rows[0];
  if (!row) return { kind: "none" };
  if (row.size > facts.inlineBytes) return { kind: "ref", ref: source };
  if (row.value) return { kind: "value", bytes: row.value };
  const at = { runKey: facts.run.id, taskId: source, mapIndex: row.mapIndex, key };
  return { kind: "list", items: await facts.tx.listXComElements(at) };
}

function mappedInput({ counts, inlineBytes }: SourceFacts, source: string, rows: readonly XComRow[]): Input {
  const total = rows.reduce((sum, row) => sum + row.size, 0);
  if (total > inlineBytes * 16 || rows.some((row) => row.size > 0 && row.value === null))
    return { kind: "ref", ref: source };
  const items: (Uint8Array | null)[] = Array.from({ length: counts.get(source) ?? 0 }, () => null);
  for (const row of rows) if (row.mapIndex < items.length) items[row.mapIndex] = row.value;
  return { kind: "list", items };
}

async function elementInput(facts: SourceFacts, source: string, index: number): Promise<Input> {
  const rows = facts.bySource.get(source) ?? [];
  if (facts.graph.tasks.get(source)?.mapped) {
    const row = rows.find((one) => one.mapIndex === index);
    if (!row) return { kind: "none" };
    return row.value ? { kind: "element", bytes: row.value } : { kind: "ref", ref: `${source}#${index}` };
  }
  const row = rows[0];
  if (!row) return { kind: "none" };
  const elements = await facts.tx.listXComElements({
    runKey: facts.run.id,
    taskId: source,
    mapIndex: row.mapIndex,
    key,
    index,
  });
  const bytes = elements[0];
  if (bytes) return { kind: "element", bytes };
  // A list that was stored in one piece travels whole: its reader picks the element.
  if (row.size > facts.inlineBytes) return { kind: "ref", ref: source };
  return row.value ? { kind: "value", bytes: row.value } : { kind: "none" };
}
