import { dagInvalid } from "../authoring-error.ts";
import type { Edges, EdgeTarget, Labelled } from "../values/ref.ts";
import type { DagScope, NodeDraft } from "./draft.ts";

/** What edges bind to: the first and last of some nodes, looked up when the edge is drawn. */
export interface Ends {
  /** As in messages: "`load`", "group `extract`". */
  readonly name: string;
  readonly first: () => readonly NodeDraft[];
  readonly last: () => readonly NodeDraft[];
}

export const nodeEnds = (node: NodeDraft): Ends => ({
  name: `\`${node.id}\``,
  first: () => [node],
  last: () => [node],
});

/** Those that wait for none of the others. */
export function firstOf(scope: DagScope, nodes: readonly NodeDraft[]): readonly NodeDraft[] {
  const ids = new Set(nodes.map(({ id }) => id));
  return nodes.filter(({ id }) => !upstreamOf(scope, id).some((upstream) => ids.has(upstream)));
}

/** Those that none of the others waits for. */
export function lastOf(scope: DagScope, nodes: readonly NodeDraft[]): readonly NodeDraft[] {
  const awaited = new Set(nodes.flatMap(({ id }) => upstreamOf(scope, id)));
  return nodes.filter(({ id }) => !awaited.has(id));
}

const upstreamOf = (scope: DagScope, id: string): readonly string[] => [...(scope.upstream.get(id) ?? [])];

const endsBrand: unique symbol = Symbol.for("airloom.ends");

interface EndsBrand {
  readonly ends: Ends;
  readonly scope: DagScope;
}

/** Gives an object `before` and `after`. They are not enumerable, so that a group's result stays what its body returned. */
export function addEdges<T extends object>(target: T, ends: Ends, scope: DagScope): T & Edges {
  const define = (name: PropertyKey, value: unknown): unknown =>
    Object.defineProperty(target, name, { value, configurable: true });
  define(endsBrand, { ends, scope } satisfies EndsBrand);
  define("before", (...next: EdgeTarget[]) => {
    for (const one of next) connect(target, one);
  });
  define("after", (...previous: EdgeTarget[]) => {
    for (const one of previous) connect(one, target);
  });
  return target as T & Edges;
}

/** Words on an edge, for people. @example check.before(label("too small", skip_load), label("fine", load)) */
export const label = (text: string, target: Edges): Labelled => ({ text, target });

/** Draws the edges between two targets; a list stands for each of its elements. */
export function connect(from: unknown, to: unknown): void {
  for (const one of listed(from)) for (const other of listed(to)) connectOne(one, other);
}

export const listed = (target: unknown): readonly unknown[] =>
  Array.isArray(target) && !(endsBrand in target) ? target : [target];

function connectOne(from: unknown, to: unknown): void {
  const [start, end] = [unlabelled(from), unlabelled(to)];
  const { scope } = start.brand;
  if (scope !== end.brand.scope) {
    const names = [start, end].map(({ brand }) => `${brand.ends.name} of Dag \`${brand.scope.dagId}\``);
    throw dagInvalid(
      `An edge joins ${names.join(" and ")}`,
      "Edges stay within one evaluation of one Dag body: do not keep Refs outside it.",
    );
  }
  const text = end.text ?? start.text;
  for (const previous of nodesAt(start.brand.ends, "last")) {
    for (const next of nodesAt(end.brand.ends, "first")) addEdge(scope, [previous.id, next.id], text);
  }
}

function nodesAt(ends: Ends, side: "first" | "last"): readonly NodeDraft[] {
  const nodes = ends[side]();
  if (nodes.length > 0) return nodes;
  throw dagInvalid(`An edge was drawn to ${ends.name}, which has no tasks`, "Put a task in it, `empty(…)` if need be.");
}

/** Makes one node wait for another. */
export function addEdge(scope: DagScope, [from, to]: readonly [string, string], text: string | null): void {
  if (from === to) throw dagInvalid(`\`${from}\` was told to wait for itself`);
  scope.upstream.get(to)?.add(from);
  if (text !== null) scope.labels.push({ from, to, label: text });
}

function unlabelled(target: unknown): { readonly brand: EndsBrand; readonly text: string | null } {
  const brand = brandOf(target);
  if (brand) return { brand, text: null };
  const inner = typeof target === "object" && target !== null && "target" in target ? brandOf(target.target) : null;
  if (inner) return { brand: inner, text: String((target as Labelled).text) };
  throw dagInvalid(
    "An edge needs a task's Ref at both ends",
    "Call the task first: `chain(extract(), load())`, not `chain(extract, load)`. Run facts, params and variables have no edges.",
  );
}

const brandOf = (target: unknown): EndsBrand | null =>
  typeof target === "object" && target !== null && endsBrand in target
    ? (target as { readonly [endsBrand]: EndsBrand })[endsBrand]
    : null;

/** What a value is bound to, when it has edges: branches ask what their paths returned. */
export const endsOf = (target: unknown): Ends | null => brandOf(target)?.ends ?? null;
